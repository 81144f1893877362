/** Series of several runs: loads each history, then appends live points from one WebSocket. */
import { monitorSocketUrl } from "../api/http";
import { loadSeries, type PointData } from "../api/runs";
import { append, type Buckets, compact, emptyBuckets } from "../charts/buckets";
import type { FeedState } from "../live/feed";
import { MultiFeed, type RunEnvelope } from "../live/multi-feed";
import { pace } from "../live/pace";

export const METRICS = ["train_loss", "validation_loss", "grad_norm", "learning_rate"] as const;
export type Metric = (typeof METRICS)[number];

/** A run in the page's list. */
export interface ComparedRun {
  id: string;
  name: string;
  /** Name of a CSS custom property. */
  color: string;
  dashed: boolean;
  /** Whether the run can still log points. */
  active: boolean;
}

export class CompareStore extends EventTarget {
  loaded = false;
  /** Runs whose history could not be read, with the reason. */
  readonly failures = new Map<string, string>();

  private readonly series = new Map<string, Map<string, Buckets>>();
  private feed?: MultiFeed;

  constructor(
    readonly runs: readonly ComparedRun[],
    private readonly columns: number,
  ) {
    super();
  }

  get feedState(): FeedState {
    return this.feed?.state ?? "ended";
  }

  get receivedAt(): number {
    return this.feed?.receivedAt ?? 0;
  }

  buckets(run: string, metric: Metric): Buckets {
    return this.series.get(run)?.get(metric) ?? emptyBuckets();
  }

  async open(): Promise<void> {
    await Promise.all(this.runs.map((run) => this.load(run)));
    this.loaded = true;
    this.notify();
  }

  private async load(run: ComparedRun): Promise<void> {
    try {
      const answer = await loadSeries(run.id, METRICS, this.columns);
      this.series.set(run.id, answer.series);
      this.failures.delete(run.id);
      if (run.active) this.follow(run.id, answer.lastSeq);
    } catch (error) {
      this.failures.set(run.id, (error as Error).message);
    }
    this.notify();
  }

  private follow(run: string, after: number): void {
    if (!this.feed) {
      this.feed = new MultiFeed(`${monitorSocketUrl()}/ws/live`);
      this.feed.addEventListener("state", () => this.notify());
      this.feed.addEventListener("message", (event) => this.apply((event as CustomEvent<RunEnvelope>).detail));
    }
    this.feed.subscribe(run, after);
  }

  private apply(envelope: RunEnvelope): void {
    if (envelope.kind === "reset") {
      const run = this.runs.find((candidate) => candidate.id === envelope.run);
      if (run) void this.load(run);
    }
    if (envelope.kind !== "point") return;
    const point = envelope.data as PointData;
    const series = this.series.get(envelope.run) ?? new Map<string, Buckets>();
    this.series.set(envelope.run, series);
    for (const metric of METRICS) {
      if (!(metric in point.values)) continue;
      const raw = point.values[metric];
      const buckets = series.get(metric) ?? emptyBuckets();
      append(buckets, {
        step: point.step,
        time: point.time,
        epoch: point.epoch,
        value: typeof raw === "number" ? raw : null,
      });
      series.set(metric, compact(buckets, this.columns));
    }
    this.notify();
  }

  /** Dispatches one `change` event per drawing turn, for any number of points. */
  private notify(): void {
    pace.schedule(this, () => this.dispatchEvent(new Event("change")));
  }
}

/** The series of several runs: each history once, then live points through one socket. */
import { monitorSocketUrl } from "../api/http";
import { loadSeries, type PointData } from "../api/runs";
import { append, type Buckets, compact, emptyBuckets } from "../charts/buckets";
import type { FeedState } from "../live/feed";
import { MultiFeed, type RunEnvelope } from "../live/multi-feed";
import { pace } from "../live/pace";

export const METRICS = ["train_loss", "validation_loss", "grad_norm", "learning_rate"] as const;
export type Metric = (typeof METRICS)[number];

/** A run as the page lists it. */
export interface ComparedRun {
  id: string;
  name: string;
  /** Name of a colour token. */
  color: string;
  dashed: boolean;
  /** It may still bring points. */
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

  get heardAt(): number {
    return this.feed?.heardAt ?? 0;
  }

  buckets(run: string, metric: Metric): Buckets {
    return this.series.get(run)?.get(metric) ?? emptyBuckets();
  }

  async open(): Promise<void> {
    await Promise.all(this.runs.map((run) => this.load(run)));
    this.loaded = true;
    this.mark();
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
    this.mark();
  }

  private follow(run: string, after: number): void {
    if (!this.feed) {
      this.feed = new MultiFeed(`${monitorSocketUrl()}/ws/live`);
      this.feed.addEventListener("state", () => this.mark());
      this.feed.addEventListener("message", (event) => this.take((event as CustomEvent<RunEnvelope>).detail));
    }
    this.feed.subscribe(run, after);
  }

  private take(envelope: RunEnvelope): void {
    if (envelope.kind === "reset") {
      const run = this.runs.find((one) => one.id === envelope.run);
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
    this.mark();
  }

  /** One notice at the page's pace, however many points came. */
  private mark(): void {
    pace.ask(this, () => this.dispatchEvent(new Event("change")));
  }
}

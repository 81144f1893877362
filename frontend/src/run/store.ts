/** Data of one run: loads the history, then applies each live envelope. */
import { ApiError, monitorSocketUrl } from "../api/http";
import { loadResources, pushResource, type ResourceRecord, type ResourceSample } from "../api/resources";
import {
  loadEvents,
  loadSamples,
  loadSeries,
  type PointData,
  type RunEvent,
  runUrl,
  type SampleSet,
  type StatusData,
} from "../api/runs";
import type { EventKind } from "../api/vocabulary";
import { append, type Buckets, compact, emptyBuckets, refined } from "../charts/buckets";
import { type Envelope, Feed, type FeedState } from "../live/feed";
import { pace } from "../live/pace";

export const METRICS = [
  "train_loss",
  "validation_loss",
  "learning_rate",
  "grad_norm",
  "tokens_per_second",
  "step_seconds",
  "memory_bytes",
] as const;

export type Change = "series" | "events" | "samples" | "status" | "resources" | "media" | "feed" | "loaded";

const RECENT_STEPS = 200;
/** Limits for a page that stays open for days. */
const MAX_EVENTS = 500;
const MAX_SAMPLE_SETS = 200;
/** Kept beyond the limit, because the page computes phases and pauses from them. */
const LASTING_EVENTS: ReadonlySet<EventKind> = new Set(["phase", "resumed"]);
/** Delay before a zoomed range is loaded; further zooming within it restarts the delay. */
const ZOOM_DEBOUNCE_MILLISECONDS = 120;

export class RunStore extends EventTarget {
  readonly series = new Map<string, Buckets>();
  events: RunEvent[] = [];
  samples: SampleSet[] = [];
  resources: ResourceSample[] = [];
  status: StatusData | null = null;
  /** Durations of the latest steps, oldest first. */
  stepSeconds: number[] = [];
  loaded = false;
  /** Why the history could not be loaded; the feed still connects. */
  failure: string | null = null;
  feed?: Feed;

  /** The zoomed range in finer buckets. */
  private detail: { from: number; to: number; series: Map<string, Buckets> } | null = null;
  /** Number of zooms, to drop responses to earlier ones. */
  private zooms = 0;
  /** Exact values of the newest live points; buckets have means. */
  private readonly lastValues = new Map<string, number>();
  private changes = new Set<Change>();
  /** Number of loads, to drop responses to earlier ones. */
  private round = 0;

  constructor(
    readonly run: string,
    private readonly columns: number,
    /** Metrics whose history is loaded; live points add all others. */
    private readonly metrics: readonly string[] = METRICS,
  ) {
    super();
  }

  /** Loads the history and follows the run from its end. Without a history, the feed sends everything. */
  async open(hasBegun = true): Promise<void> {
    this.round += 1;
    const round = this.round;
    this.feed?.stop();
    this.lastValues.clear();
    this.detail = null;
    let after = 0;
    try {
      if (!hasBegun) throw new ApiError("The job has not begun.", 404);
      const answer = await loadSeries(this.run, this.metrics, this.columns);
      if (round !== this.round) return;
      after = answer.lastSeq;
      this.series.clear();
      for (const [name, buckets] of answer.series) this.series.set(name, buckets);
      this.stepSeconds = recentSteps(this.series.get("step_seconds"));
      this.failure = null;
      void this.loadRest(round);
    } catch (error) {
      if (round !== this.round) return;
      // A queued job has no run yet, which is not a failure.
      if (!(error instanceof ApiError && error.status === 404)) this.failure = (error as Error).message;
    }
    this.loaded = true;
    this.notify("loaded", "series");
    this.follow(after);
  }

  get feedState(): FeedState {
    return this.feed?.state ?? "connecting";
  }

  buckets(metric: string): Buckets {
    return this.series.get(metric) ?? emptyBuckets();
  }

  /** The series with finer buckets in the zoomed range. */
  shown(metric: string): Buckets {
    const part = this.detail?.series.get(metric);
    return part && this.detail
      ? refined(this.buckets(metric), part, this.detail.from, this.detail.to)
      : this.buckets(metric);
  }

  /** Loads finer buckets of a range of steps; null discards them. */
  async zoom(steps: { from: number; to: number } | null): Promise<void> {
    this.zooms += 1;
    const zoom = this.zooms;
    if (!steps || !this.isReduced(steps)) {
      if (this.detail) this.notify("series");
      this.detail = null;
      return;
    }
    await new Promise((done) => setTimeout(done, ZOOM_DEBOUNCE_MILLISECONDS));
    if (zoom !== this.zooms) return;
    try {
      const answer = await loadSeries(this.run, this.metrics, this.columns, steps);
      if (zoom !== this.zooms) return;
      this.detail = { ...steps, series: answer.series };
      this.notify("series");
    } catch {
      // The coarse buckets stay.
    }
  }

  /** Whether a bucket in this range holds several points. */
  private isReduced(steps: { from: number; to: number }): boolean {
    return this.metrics.some((metric) => {
      const { x, count } = this.buckets(metric);
      return x.some((step, i) => count[i]! > 1 && step >= steps.from && (x[i - 1] ?? step) <= steps.to);
    });
  }

  /** The newest value; null if only a mean over several steps is known. */
  exactLatest(metric: string): number | null {
    const buckets = this.buckets(metric);
    const single = buckets.count.at(-1) === 1 ? buckets.mean.at(-1) : null;
    return this.lastValues.get(metric) ?? single ?? null;
  }

  private async loadRest(round: number): Promise<void> {
    const [events, samples, resources] = await Promise.allSettled([
      loadEvents(this.run),
      loadSamples(this.run),
      loadResources(this.run, this.columns),
    ]);
    if (round !== this.round) return;
    if (events.status === "fulfilled") this.events = mergeEvents(events.value, this.events);
    if (samples.status === "fulfilled") this.samples = mergeSamples(samples.value, this.samples);
    if (resources.status === "fulfilled") this.resources = resources.value;
    this.notify("events", "samples", "resources");
  }

  private follow(after: number): void {
    const feed = new Feed({
      socket: `${monitorSocketUrl()}/ws/runs/${this.run}`,
      poll: `${runUrl(this.run)}/feed`,
      after,
    });
    this.feed = feed;
    feed.addEventListener("state", () => this.notify("feed"));
    feed.addEventListener("message", (event) => this.apply((event as CustomEvent<Envelope>).detail));
    feed.start();
  }

  private apply(envelope: Envelope): void {
    switch (envelope.kind) {
      case "point":
        this.applyPoint(envelope.data as PointData);
        break;
      case "event":
        this.events = mergeEvents(this.events, [{ ...(envelope.data as RunEvent), seq: envelope.seq }]);
        this.notify("events");
        break;
      case "samples":
        this.samples = mergeSamples(this.samples, [envelope.data as SampleSet]);
        this.notify("samples");
        break;
      case "media":
        this.notify("media");
        break;
      case "resource":
        this.resources = pushResource(this.resources, envelope.data as ResourceRecord, this.columns);
        this.notify("resources");
        break;
      case "status":
        this.status = envelope.data as StatusData;
        this.notify("status");
        break;
      case "end":
        this.status = { ...(this.status ?? emptyStatus()), ...(envelope.data as Partial<StatusData>) };
        this.notify("status");
        break;
      case "reset":
        void this.open();
        break;
    }
  }

  private applyPoint(point: PointData): void {
    for (const [name, raw] of Object.entries(point.values)) {
      const value = typeof raw === "number" ? raw : null;
      if (value !== null) this.lastValues.set(name, value);
      const buckets = this.series.get(name) ?? emptyBuckets();
      append(buckets, { step: point.step, time: point.time, epoch: point.epoch, value });
      this.series.set(name, compact(buckets, this.columns));
    }
    const seconds = point.values["step_seconds"];
    if (typeof seconds === "number") this.stepSeconds = [...this.stepSeconds.slice(1 - RECENT_STEPS), seconds];
    this.notify("series");
  }

  /** Dispatches one `change` event per drawing turn, for any number of envelopes. A hidden tab draws nothing. */
  private notify(...changes: Change[]): void {
    for (const change of changes) this.changes.add(change);
    pace.schedule(this, () => {
      const detail = this.changes;
      this.changes = new Set();
      this.dispatchEvent(new CustomEvent<Set<Change>>("change", { detail }));
    });
  }
}

function recentSteps(buckets: Buckets | undefined): number[] {
  if (!buckets) return [];
  return buckets.mean.slice(-RECENT_STEPS).filter((value): value is number => value != null);
}

export function mergeEvents(known: readonly RunEvent[], news: readonly RunEvent[]): RunEvent[] {
  const bySeq = new Map([...known, ...news].map((event) => [event.seq, event]));
  const all = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  return all.filter((event, index) => index >= all.length - MAX_EVENTS || LASTING_EVENTS.has(event.kind));
}

/** Merges sets by step. The first set, the answers of the base model, is always kept for comparison. */
export function mergeSamples(known: readonly SampleSet[], news: readonly SampleSet[]): SampleSet[] {
  const byStep = new Map([...known, ...news].map((set) => [`${set.step} ${set.name}`, set]));
  const all = [...byStep.values()].sort((a, b) => a.step - b.step);
  return all.filter((_, index) => index === 0 || index >= all.length - MAX_SAMPLE_SETS);
}

function emptyStatus(): StatusData {
  return { state: "running", progress_percent: 0, step: null, total_steps: null, eta_seconds: null, phase: null };
}

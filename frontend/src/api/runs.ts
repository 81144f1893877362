/** Calls of the monitor's run API. The id of a job also names its run. */
import { type Buckets, type Maybe, withGaps } from "../charts/buckets";
import { getJson, monitorUrl } from "./http";
import type { EventKind } from "./vocabulary";

export interface SampleRow {
  prompt: string;
  expected: string;
  answer: string;
}

/** Sample answers of the model at one step. */
export interface SampleSet {
  step: number;
  time: number;
  name: string;
  rows: SampleRow[];
}

export interface RunEvent {
  seq: number;
  step: number | null;
  time: number;
  kind: EventKind;
  title: string;
  detail: string;
}

/** A live point. A value that is not finite is null or a string such as `NaN`. */
export interface PointData {
  step: number;
  time: number;
  epoch: number | null;
  values: Record<string, number | string | null>;
}

export interface StatusData {
  state: string;
  progress_percent: number;
  step: number | null;
  total_steps: number | null;
  eta_seconds: number | null;
  phase: string | null;
}

interface SeriesColumns {
  x: number[];
  mean: Maybe[];
  min: Maybe[];
  max: Maybe[];
  count: number[];
  nonfinite: number[];
  epoch: Maybe[];
  time: number[];
}

export interface SeriesAnswer {
  series: Map<string, Buckets>;
  lastSeq: number;
}

/** Loads the history of metrics, or a range of steps of it, in at most `columns` buckets each. */
export async function loadSeries(
  run: string,
  metrics: readonly string[],
  columns: number,
  steps: { from: number; to: number } | null = null,
): Promise<SeriesAnswer> {
  const query = new URLSearchParams({ metrics: metrics.join(","), cols: String(columns), x: "step" });
  if (steps) {
    query.set("from", String(steps.from));
    query.set("to", String(steps.to));
  }
  const answer = await getJson<{ series: Record<string, SeriesColumns>; last_seq: number }>(
    `${runUrl(run)}/series?${query}`,
  );
  const series = new Map(Object.entries(answer.series).map(([name, columns]) => [name, withGaps(columns)]));
  return { series, lastSeq: answer.last_seq };
}

export function loadSamples(run: string): Promise<SampleSet[]> {
  return getJson<SampleSet[]>(`${runUrl(run)}/samples`);
}

export function loadEvents(run: string): Promise<RunEvent[]> {
  return getJson<RunEvent[]>(`${runUrl(run)}/events`);
}

export function runUrl(run: string): string {
  return `${monitorUrl()}/api/runs/${encodeURIComponent(run)}`;
}

/** Readings of the machine that trains: host and GPUs, once a second. */
import { getJson } from "./http";
import { runUrl } from "./runs";

export interface GpuSample {
  index: number;
  name: string;
  /** Percent, bytes, degrees Celsius, watts; null where the card does not say. */
  utilization: number | null;
  memory_used: number | null;
  memory_total: number | null;
  temperature: number | null;
  power: number | null;
}

export interface ResourceSample {
  /** Unix seconds. */
  time: number;
  cpu_percent: number;
  memory_used: number;
  memory_total: number;
  gpus: GpuSample[];
}

export type ResourceHistory = ResourceSample[];

export function emptyResources(): ResourceHistory {
  return [];
}

/** The samples within the run's time, at most `columns`. */
export function loadResources(run: string, columns: number): Promise<ResourceHistory> {
  return getJson<ResourceHistory>(`${runUrl(run)}/resources?cols=${columns}`);
}

/** Adds a live sample; twice as many as fit are thinned to half. */
export function pushResource(history: ResourceHistory, sample: ResourceSample, columns: number): ResourceHistory {
  const last = history.at(-1);
  if (last && sample.time <= last.time) return history;
  const grown = [...history, sample];
  return grown.length > columns * 2 ? grown.filter((_, index) => index % 2 === 1) : grown;
}

/** Resource samples of this machine, host and GPUs, taken once a second. */
import { getJson, monitorUrl } from "./http";
import { runUrl } from "./runs";

export interface GpuSample {
  index: number;
  name: string;
  /** Percent, GiB, degrees Celsius, watts; null where the GPU does not report a value. */
  gpu_percent: number | null;
  vram_used_gb: number | null;
  vram_total_gb: number | null;
  gpu_temp: number | null;
  power_watts: number | null;
  /** Processes that hold GPU memory, the largest first. Only in live samples. */
  processes?: { pid: number; vram_used_gb: number | null }[];
}

/** One sample as the monitor sends it. */
export interface ResourceRecord {
  timestamp: string;
  cpu_percent: number;
  ram_used_gb: number;
  ram_total_gb: number;
  disk_used_gb: number;
  disk_total_gb: number;
  network_in_mbps: number;
  network_out_mbps: number;
  gpus: GpuSample[];
}

/** One sample as the charts use it; `time` is in Unix seconds. */
export interface ResourceSample {
  time: number;
  cpuPercent: number;
  memoryPercent: number;
  gpus: GpuSample[];
}

interface ResourceColumns {
  time: number[];
  cpu_percent: number[];
  memory_used: number[];
  memory_total: number[];
  gpus: {
    index: number;
    name: string;
    utilization: (number | null)[];
    memory_used: (number | null)[];
    memory_total: (number | null)[];
    temperature: (number | null)[];
    power: (number | null)[];
  }[];
}

const GIB = 1024 ** 3;

/** Loads the samples between a run's start and end, at most `columns`. */
export async function loadResources(run: string, columns: number): Promise<ResourceSample[]> {
  return fromColumns(await getJson<ResourceColumns>(`${runUrl(run)}/resources?cols=${columns}`));
}

/** Loads the newest sample. */
export function currentResources(): Promise<ResourceRecord> {
  return getJson<ResourceRecord>(`${monitorUrl()}/api/training/resources/current`);
}

/** Loads the newest samples, oldest first. */
export function recentResources(count: number): Promise<ResourceRecord[]> {
  return getJson<ResourceRecord[]>(`${monitorUrl()}/api/training/resources?last_n=${count}`);
}

/** Appends a live sample. A history of more than `columns` * 2 samples is halved. */
export function pushResource(history: ResourceSample[], record: ResourceRecord, columns: number): ResourceSample[] {
  const sample = fromRecord(record);
  const last = history.at(-1);
  if (last && sample.time <= last.time) return history;
  const grown = [...history, sample];
  return grown.length > columns * 2 ? grown.filter((_, index) => index % 2 === 1) : grown;
}

function fromRecord(record: ResourceRecord): ResourceSample {
  return {
    time: Date.parse(record.timestamp) / 1000,
    cpuPercent: record.cpu_percent,
    memoryPercent: (100 * record.ram_used_gb) / record.ram_total_gb,
    gpus: record.gpus,
  };
}

function fromColumns(columns: ResourceColumns): ResourceSample[] {
  const gib = (bytes: number | null | undefined): number | null => (bytes == null ? null : bytes / GIB);
  return columns.time.map((time, row) => ({
    time,
    cpuPercent: columns.cpu_percent[row]!,
    memoryPercent: (100 * columns.memory_used[row]!) / columns.memory_total[row]!,
    gpus: columns.gpus.map((gpu) => ({
      index: gpu.index,
      name: gpu.name,
      gpu_percent: gpu.utilization[row] ?? null,
      vram_used_gb: gib(gpu.memory_used[row]),
      vram_total_gb: gib(gpu.memory_total[row]),
      gpu_temp: gpu.temperature[row] ?? null,
      power_watts: gpu.power[row] ?? null,
    })),
  }));
}

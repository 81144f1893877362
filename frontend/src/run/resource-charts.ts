/** Builds the charts of resource samples, on the same x as the training. */
import type { ResourceSample } from "../api/resources";
import type { Buckets, Maybe } from "../charts/buckets";
import type { ChartData, Line } from "../charts/data";
import { axisX, startOf, xOf } from "./charts";
import type { RunStore } from "./store";
import type { View } from "./view";

const COLORS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

/** CPU and memory of the host in percent. */
export function hostChart(store: RunStore, view: View): ChartData {
  return resourceChart(store, view, [0, 100], (samples) => [
    { key: "cpu", label: "CPU", color: COLORS[0]!, y: samples.map((sample) => sample.cpuPercent) },
    {
      key: "memory",
      label: "RAM",
      color: COLORS[1]!,
      dash: [6, 3],
      y: samples.map((sample) => sample.memoryPercent),
    },
  ]);
}

/** Utilization of each GPU in percent. */
export function gpuChart(store: RunStore, view: View): ChartData {
  return resourceChart(store, view, [0, 105], (samples) => gpuLines(samples, (gpu) => gpu.gpu_percent));
}

/** Used memory of each GPU in GiB. */
export function gpuMemoryChart(store: RunStore, view: View): ChartData {
  const sizes = store.resources.flatMap((sample) => sample.gpus.map((gpu) => gpu.vram_total_gb ?? 0));
  const top = Math.max(1, ...sizes) * 1.03;
  return resourceChart(store, view, [0, top], (samples) => gpuLines(samples, (gpu) => gpu.vram_used_gb));
}

export function hasGpu(store: RunStore): boolean {
  return store.resources.some((sample) => sample.gpus.length > 0);
}

/** Interpolates times onto an axis of steps or epochs; null outside the known points. */
export function placeTimes(times: readonly number[], buckets: Buckets, x: readonly number[]): Maybe[] {
  const known = buckets.time;
  let at = 0;
  return times.map((time) => {
    while (at < known.length && known[at]! < time) at += 1;
    if (at === known.length) return null;
    if (at === 0) return known[0] === time ? x[0]! : null;
    const share = (time - known[at - 1]!) / (known[at]! - known[at - 1]! || 1);
    return x[at - 1]! + share * (x[at]! - x[at - 1]!);
  });
}

function resourceChart(
  store: RunStore,
  view: View,
  range: [number, number],
  lines: (samples: ResourceSample[]) => Line[],
): ChartData {
  const train = store.buckets("train_loss");
  const start = startOf(store);
  const times = store.resources.map((sample) => sample.time);
  const x: Maybe[] =
    view.axis === "time" && Number.isFinite(start)
      ? times.map((time) => (time < start - 1 ? null : time - start))
      : placeTimes(times, train, xOf(train, view.axis, start));
  const shown = store.resources.filter((_, index) => x[index] != null);
  return {
    x: x.filter((value): value is number => value != null),
    lines: lines(shown),
    range,
    ...axisX(view.axis),
  };
}

function gpuLines(samples: ResourceSample[], read: (gpu: ResourceSample["gpus"][number]) => Maybe): Line[] {
  const indexes = [...new Set(samples.flatMap((sample) => sample.gpus.map((gpu) => gpu.index)))];
  return indexes.map((index, place) => ({
    key: `gpu${index}`,
    label: `GPU ${index}`,
    color: COLORS[place % COLORS.length]!,
    ...(place ? { dash: [6, 3] } : {}),
    y: samples.map((sample) => {
      const gpu = sample.gpus.find((candidate) => candidate.index === index);
      return gpu ? read(gpu) : null;
    }),
  }));
}

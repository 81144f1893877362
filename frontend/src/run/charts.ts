/** Builds the data of each chart from the series of a run. */
import { type Aligned, align } from "../charts/align";
import type { Buckets, Maybe } from "../charts/buckets";
import type { ChartData, Line } from "../charts/data";
import { SPANS, smooth } from "../charts/smoothing";
import { figure, whole } from "../format/number";
import { elapsed, TIME_STEPS } from "../format/time";
import type { RunStore } from "./store";
import type { Axis, View } from "./view";

/** x values of a series in the unit of the axis. */
export function xOf(buckets: Buckets, axis: Axis, startedAt: number): number[] {
  if (axis === "step") return buckets.x;
  if (axis === "time") return buckets.time.map((time) => time - startedAt);
  return buckets.epoch.map((epoch) => epoch ?? 0);
}

/** The range of steps for a range of the axis. */
export function stepsOf(
  store: RunStore,
  axis: Axis,
  range: { min: number; max: number },
): { from: number; to: number } {
  if (axis === "step") return { from: Math.floor(range.min), to: Math.ceil(range.max) };
  const train = store.buckets("train_loss");
  const x = xOf(train, axis, startOf(store));
  const inside = train.x.filter((_, i) => x[i]! >= range.min && x[i]! <= range.max);
  return { from: inside[0] ?? 0, to: inside.at(-1) ?? 0 };
}

function formatX(axis: Axis): (x: number) => string {
  if (axis === "step") return whole;
  if (axis === "time") return elapsed;
  return (x) => figure(x, 2);
}

/** Labels of this axis. */
export function axisX(axis: Axis): Pick<ChartData, "formatX" | "stepsX"> {
  return { formatX: formatX(axis), ...(axis === "time" ? { stepsX: TIME_STEPS } : {}) };
}

/** Training loss with its band, and validation loss. */
export function lossChart(store: RunStore, view: View): ChartData {
  const train = store.shown("train_loss");
  const validation = store.shown("validation_loss");
  const context = contextOf(store, view);
  const { x, columns } = align([
    {
      x: context.x(train),
      columns: [smooth(train.mean, train.count, SPANS[view.smoothing] ?? 0), train.min, train.max],
    },
    { x: context.x(validation), columns: [validation.mean] },
  ]);
  const [trainColumns, validationColumns] = columns;
  const lines: Line[] = [
    {
      key: "train",
      label: "train",
      color: "--series-1",
      y: trainColumns![0]!,
      low: trainColumns![1]!,
      high: trainColumns![2]!,
      edge: edgeOf(train),
      width: 1.8,
    },
    {
      key: "validation",
      label: "validation",
      color: "--series-2",
      y: validationColumns![0]!,
      dots: true,
      best: true,
      width: 1.8,
    },
  ];
  return { ...context.shared(train), x, lines };
}

/** One metric as a line. `band` adds its min-max band, `smoothed` applies the smoothing of the view. */
export function metricChart(
  store: RunStore,
  view: View,
  metric: Parameters<RunStore["buckets"]>[0],
  options: { band?: boolean; smoothed?: boolean; fill?: boolean; scale?: number; range?: [number, number] } = {},
): ChartData {
  const buckets = store.shown(metric);
  const context = contextOf(store, view);
  const scaled = (column: Maybe[]): Aligned[] =>
    options.scale ? column.map((value) => (value == null ? value : value * options.scale!)) : column;
  const span = options.smoothed ? (SPANS[view.smoothing] ?? 0) : 0;
  const line: Line = {
    key: metric,
    label: metric,
    color: "--series-1",
    y: scaled(smooth(buckets.mean, buckets.count, span)),
    ...(options.band && span ? { low: scaled(buckets.min), high: scaled(buckets.max), edge: edgeOf(buckets) } : {}),
    ...(options.band && !span ? { low: scaled(buckets.min), high: scaled(buckets.max) } : {}),
    ...(options.fill ? { fill: true } : {}),
  };
  return {
    ...context.shared(buckets),
    x: context.x(buckets),
    lines: [line],
    ...(options.range ? { range: options.range } : {}),
  };
}

/** Opacity of the band's outline. If each bucket is one point, the band is the raw line and needs an outline. */
function edgeOf(buckets: Buckets): number {
  return buckets.count.some((count) => count > 1) ? 0 : 0.3;
}

/** Unix seconds of the first point, which is zero on the time axis; infinite without points. */
export function startOf(store: Pick<RunStore, "buckets">): number {
  const starts = [store.buckets("train_loss").time[0], store.buckets("validation_loss").time[0]];
  return Math.min(...starts.filter((time): time is number => time !== undefined), Number.POSITIVE_INFINITY);
}

function contextOf(store: RunStore, view: View) {
  const start = startOf(store);
  const x = (buckets: Buckets): number[] => xOf(buckets, view.axis, Number.isFinite(start) ? start : 0);
  const train = store.shown("train_loss");
  return {
    x,
    shared: (buckets: Buckets): Pick<ChartData, "nonfinite" | "epochs" | "pauses" | "formatX" | "stepsX"> => ({
      nonfinite: buckets.nonfinite.map((step) => x(buckets)[indexAtStep(buckets, step)] ?? step),
      epochs: epochEnds(train, x(train)),
      pauses: view.axis === "time" ? pauses(store, start) : [],
      ...axisX(view.axis),
    }),
  };
}

/** x at which each epoch ends, without the end of the run. */
export function epochEnds(buckets: Buckets, x: readonly number[]): number[] {
  const ends: number[] = [];
  let next = 1;
  for (let i = 0; i < buckets.x.length - 1; i++) {
    const epoch = buckets.epoch[i];
    if (epoch == null || epoch + 1e-9 < next) continue;
    ends.push(x[i]!);
    next = Math.floor(epoch + 1e-9) + 1;
  }
  return ends;
}

function indexAtStep(buckets: Buckets, step: number): number {
  const index = buckets.x.findIndex((x) => x >= step);
  return index < 0 ? buckets.x.length - 1 : index;
}

/** Ranges from the last point before each resumption to the resumption. */
function pauses(store: RunStore, start: number): [number, number][] {
  const times = store.buckets("train_loss").time;
  return store.events
    .filter((event) => event.kind === "resumed")
    .flatMap((event): [number, number][] => {
      const before = times.filter((time) => time <= event.time).at(-1);
      return before === undefined ? [] : [[before - start, event.time - start]];
    });
}

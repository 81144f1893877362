/** Builds charts of one metric of several runs. */
import { align } from "../charts/align";
import type { ChartData, Line } from "../charts/data";
import { SPANS, smooth } from "../charts/smoothing";
import { axisX, xOf } from "../run/charts";
import type { View } from "../run/view";
import type { CompareStore, Metric } from "./store";

/** One line for each run that has the metric, in the run's colour. On the time axis every run starts at zero. */
export function overlay(
  store: CompareStore,
  view: View,
  metric: Metric,
  options: { smoothed?: boolean; dots?: boolean } = {},
): ChartData {
  const span = options.smoothed ? (SPANS[view.smoothing] ?? 0) : 0;
  const runs = store.runs
    .map((run) => ({ run, buckets: store.buckets(run.id, metric) }))
    .filter(({ buckets }) => buckets.x.length);
  const { x, columns } = align(
    runs.map(({ buckets }) => ({
      x: xOf(buckets, view.axis, buckets.time[0] ?? 0),
      columns: [smooth(buckets.mean, buckets.count, span)],
    })),
  );
  const lines = runs.map(
    ({ run }, index): Line => ({
      key: run.id,
      label: run.name,
      color: run.color,
      y: columns[index]![0]!,
      width: 1.8,
      ...(run.dashed ? { dash: [5, 3] } : {}),
      ...(options.dots ? { dots: true, best: true } : {}),
    }),
  );
  return { x, lines, ...axisX(view.axis) };
}

/** Draws the curves of an ended job in grey behind those of the current job. */
import { loadSeries } from "../api/runs";
import { align } from "../charts/align";
import { type Buckets, emptyBuckets } from "../charts/buckets";
import type { ChartData, Line } from "../charts/data";
import { SPANS, smooth } from "../charts/smoothing";
import { toast } from "../components/toast";
import { startOf, xOf } from "./charts";

import type { View } from "./view";

const METRICS: readonly string[] = ["train_loss", "validation_loss", "learning_rate", "grad_norm", "tokens_per_second"];
const KEY = "baseline";
const LOOK = { color: "--text-3", width: 1.4, dash: [6, 4], behind: true };

/** A line of the baseline, in the style of the chart's own line. */
interface BaselineLine {
  metric: string;
  smoothed?: boolean;
  dots?: boolean;
  label?: string;
}

export class Baseline {
  private series = new Map<string, Buckets>();

  constructor(private readonly columns: number) {}

  buckets(metric: string): Buckets {
    return this.series.get(metric) ?? emptyBuckets();
  }

  /** Loads the history of an ended job; an empty id removes the baseline. */
  async choose(job: string): Promise<void> {
    this.series = job ? (await loadSeries(job, METRICS, this.columns)).series : new Map<string, Buckets>();
  }

  /** Adds lines of the baseline to a chart. A single line of the chart is then labelled `run`. */
  behind(data: ChartData, view: View, ...wanted: BaselineLine[]): ChartData {
    const added = wanted
      .map((line) => ({ ...line, buckets: this.buckets(line.metric) }))
      .filter(({ buckets }) => buckets.x.length);
    if (!added.length) return data;
    const start = startOf(this);
    const { x, columns } = align([
      { x: data.x, columns: data.lines.flatMap(({ y, low, high }) => [y, ...(low && high ? [low, high] : [])]) },
      ...added.map(({ buckets, smoothed }) => ({
        x: xOf(buckets, view.axis, Number.isFinite(start) ? start : buckets.time[0]!),
        columns: [smooth(buckets.mean, buckets.count, smoothed ? (SPANS[view.smoothing] ?? 0) : 0)],
      })),
    ]);
    const [own, ...others] = columns;
    const take = () => own!.shift()!;
    const lines = data.lines.map(
      (line): Line => ({
        ...line,
        ...(data.lines.length === 1 ? { label: "run" } : {}),
        y: take(),
        ...(line.low && line.high ? { low: take(), high: take() } : {}),
      }),
    );
    const grey = added.map(
      ({ metric, label, dots }, index): Line => ({
        ...LOOK,
        key: `${KEY} ${metric}`,
        label: label ?? KEY,
        y: others[index]![0]!,
        ...(dots ? { dots } : {}),
      }),
    );
    return { ...data, x, lines: [...lines, ...grey] };
  }
}

/** Connects the select of the baseline, which is kept in the address. `onChange` is called once the curves are loaded. */
export async function connectBaseline(baseline: Baseline, onChange: () => void): Promise<void> {
  const select = document.querySelector<HTMLSelectElement>("#baseline");
  if (!select) return;
  const show = async (): Promise<void> => {
    const wanted = select.value;
    try {
      await baseline.choose(wanted);
    } catch (error) {
      await baseline.choose("");
      toast({ kind: "err", text: `The baseline cannot be read: ${(error as Error).message}` });
    }
    if (select.value === wanted) onChange();
  };
  select.addEventListener("change", () => {
    const query = new URLSearchParams(location.search);
    if (select.value) query.set(KEY, select.value);
    else query.delete(KEY);
    const address = query.size ? `${location.pathname}?${query}` : location.pathname;
    history.replaceState(history.state, "", address + location.hash);
    void show();
  });
  if (select.value) await show();
}

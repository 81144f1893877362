/** An ended job whose curves are drawn behind a job's own, in grey. */
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

/** A line to add: smoothed where the chart's own is, with dots where values are few. */
interface Behind {
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

  /** Reads an ended job's history, at most `columns` buckets a series; the empty name is no job. */
  async choose(job: string): Promise<void> {
    this.series = job ? (await loadSeries(job, METRICS, this.columns)).series : new Map<string, Buckets>();
  }

  /** The chart with these lines more; a single one of its own is then called `run`. */
  behind(data: ChartData, view: View, ...wanted: Behind[]): ChartData {
    const added = wanted
      .map((one) => ({ ...one, buckets: this.buckets(one.metric) }))
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

/** The select above the charts, whose choice stands in the address. `onChange` is called when its curves are there. */
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

/** Options and columns for uPlot, made from the data of a chart. */
import type uPlot from "uplot";
import { tick } from "../format/number";
import type { Aligned } from "./align";
import { type ChartData, inDrawingOrder, type Line } from "./data";
import { drawBackground, drawForeground, type MarkContext } from "./marks";
import { bulkRange, divisibleRange, type Extent, logRange, wholeRange } from "./range";
import { logTicks } from "./ticks";

/** Diameter of a point that is drawn as a dot, in pixels. */
const DOT = 5;

export interface PlotSettings {
  width: number;
  height: number;
  group: string;
  log: boolean;
  clip: boolean;
  /** Reads the current data and colours; a plot is kept while its data changes. */
  context: () => MarkContext;
  head: () => Line | undefined;
  onCursor: (index: number | null) => void;
  onSelect: (min: number, max: number) => void;
  onReset: () => void;
}

/** A plot series and its line. The two edges of a band have only the line's key. */
interface LineSeries extends uPlot.Series {
  lineKey?: string;
  line?: Line;
}

/** Columns in the order of `plotOptions().series`. Values that the axis cannot represent become gaps. */
export function plotData(data: ChartData, log: boolean): uPlot.AlignedData {
  const isShown = (value: number): boolean => Number.isFinite(value) && (!log || value > 0);
  const drawable = (column: Aligned[]): Aligned[] =>
    column.every((value) => value == null || isShown(value))
      ? column
      : column.map((value) => (value == null || isShown(value) ? value : null));
  const columns: (Aligned[] | number[])[] = [data.x];
  for (const line of inDrawingOrder(data.lines)) {
    if (line.low && line.high) columns.push(drawable(line.high), drawable(line.low));
    columns.push(drawable(line.y));
  }
  return columns as uPlot.AlignedData;
}

/** Shows or hides a line together with its band. */
export function setLineVisible(plot: uPlot, key: string, show: boolean): void {
  plot.series.forEach((series, index) => {
    if ((series as LineSeries).lineKey === key) plot.setSeries(index, { show });
  });
}

export function plotOptions(settings: PlotSettings): uPlot.Options {
  const { context } = settings;
  const { data, palette, hidden, font } = context();
  const series: LineSeries[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const line of inDrawingOrder(data.lines)) {
    const show = !hidden.has(line.key);
    if (line.low && line.high) {
      const first = series.length;
      const edge = {
        stroke: palette.color(line.color, line.edge ?? 0),
        width: line.edge ? 1 : 0,
        points: { show: false },
        show,
        lineKey: line.key,
      };
      series.push(edge, { ...edge });
      bands.push({ series: [first, first + 1], fill: palette.color(line.color, 0.16) });
    }
    series.push(lineSeries(line, show, palette.color.bind(palette)));
  }
  const lineAt = (plot: uPlot, index: number): Line | undefined => (plot.series[index] as LineSeries).line;
  return {
    width: settings.width,
    height: settings.height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    scales: { x: { time: false, range: (_plot, low, high) => divisibleRange(low, high) }, y: yScale(settings) },
    series,
    bands,
    axes: axes(settings, font),
    cursor: {
      y: false,
      sync: { key: settings.group, setSeries: false, scales: ["x", null] as unknown as [string, string] },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          settings.onReset();
          return null;
        },
      },
      points: {
        size: (plot, index) => (lineAt(plot, index) ? 8 : 0),
        width: (plot, index) => (lineAt(plot, index) ? 2 : 0),
        stroke: () => context().palette.color("--surface"),
        fill: (plot, index) => context().palette.color(lineAt(plot, index)?.color ?? "--surface"),
      },
    },
    hooks: {
      setCursor: [(plot) => settings.onCursor((plot.cursor.left ?? -1) < 0 ? null : (plot.cursor.idx ?? null))],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 3 || !plot.cursor.event) return;
          settings.onSelect(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawClear: [(plot) => drawBackground(plot, context())],
      draw: [(plot) => drawForeground(plot, context(), settings.head())],
    },
  };
}

function lineSeries(line: Line, show: boolean, color: (token: string, alpha?: number) => string): LineSeries {
  const stroke = color(line.color);
  return {
    stroke,
    width: line.width ?? 1.6,
    ...(line.dash ? { dash: line.dash } : {}),
    ...(line.fill ? { fill: color(line.color, 0.1) } : {}),
    spanGaps: line.dots ?? false,
    points: { show: line.dots ? hasRoomForDots : false, size: DOT, fill: stroke, width: 0 },
    show,
    lineKey: line.key,
    line,
  };
}

/** Whether dots would not touch. Touching dots look like a line and are slow to draw. */
function hasRoomForDots(plot: uPlot, index: number, from: number, to: number): boolean {
  const values = plot.data[index] as readonly Aligned[];
  const most = plot.bbox.width / devicePixelRatio / (2 * DOT);
  for (let i = from, dots = 0; i <= to; i++) if (values[i] != null && ++dots > most) return false;
  return true;
}

function yScale({ log, clip, context }: PlotSettings): uPlot.Scale {
  if (log) return { distr: 3, range: (_plot, low, high) => logRange(low, high) };
  const fixed = context().data.range;
  if (fixed) return { range: divisibleRange(...fixed) };
  if (!clip) return { range: (_plot, low, high) => wholeRange(low, high) };
  return {
    range: (plot) => {
      const { data, hidden } = context();
      const extents: Extent[] = data.lines
        .filter((line) => !hidden.has(line.key))
        .map((line) => ({ low: line.low ?? line.y, value: line.y }));
      // While the range is computed, idxs is already the new view and scales.x still the old one.
      const [from, to] = plot.series[0]!.idxs ?? [0, data.x.length - 1];
      return bulkRange(extents, from, to);
    },
  };
}

function axes(settings: PlotSettings, font: string): uPlot.Axis[] {
  const { log, context } = settings;
  const { palette } = context();
  const shared = {
    stroke: palette.color("--text-3"),
    font: `11px ${font}`,
    gap: 4,
    ticks: { show: false },
    grid: { stroke: palette.color("--grid"), width: 1 },
  };
  const isDecade = (value: number): boolean => Math.abs(Math.log10(value) % 1) < 1e-9;
  // Within a single decade every second line keeps its number, else the axis would have none.
  const decadesOnly = (_plot: uPlot, splits: number[]): number[] => {
    if (splits.filter(isDecade).length < 2) return splits.filter((_, index) => index % 2 === 0);
    return splits.map((value) => (isDecade(value) ? value : null)) as number[];
  };
  const { stepsX } = context().data;
  return [
    {
      ...shared,
      ...(stepsX ? { incrs: stepsX } : {}),
      size: 24,
      space: settings.width > 500 ? 64 : 52,
      values: (_plot, values) => values.map((x) => context().data.formatX(x)),
    },
    {
      ...shared,
      size: 46,
      space: 30,
      ...(log
        ? {
            splits: (_plot: uPlot, _axis: number, min: number, max: number) => logTicks(min, max),
            filter: decadesOnly,
            grid: { ...shared.grid, filter: decadesOnly },
          }
        : {}),
      values: (_plot, values) => values.map(tick),
    },
  ];
}

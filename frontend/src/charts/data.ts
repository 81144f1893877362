import type { Aligned } from "./align";

/** One line of a chart, on the chart's shared x. */
export interface Line {
  key: string;
  label: string;
  /** Name of a token, for example `--series-1`. */
  color: string;
  y: Aligned[];
  /** The min-max band behind the line. */
  low?: Aligned[];
  high?: Aligned[];
  /** Opacity of the band's outline; undecimated points have a band without height, which is then the raw line. */
  edge?: number;
  dash?: number[];
  width?: number;
  /** Few points, each drawn as a dot and joined across the gaps between them. */
  dots?: boolean;
  /** Shade down to the floor. */
  fill?: boolean;
  /** Drawn under the other lines, though named after them. */
  behind?: boolean;
  /** Ring and label the smallest value. */
  best?: boolean;
}

/** What a chart draws. x values are in the unit of the page's x axis. */
export interface ChartData {
  x: number[];
  lines: Line[];
  /** x of values that were NaN or infinite. */
  nonfinite?: number[];
  /** x at which epochs end. */
  epochs?: number[];
  /** Stretches without a running trainer. */
  pauses?: [number, number][];
  /** Fixed y range, for percentages and the like. */
  range?: [number, number];
  formatX: (x: number) => string;
  /** Allowed distances between ticks of x; by default decimal ones. */
  stepsX?: number[];
}

/** In the order of drawing: what comes later covers what comes before. */
export function inDrawingOrder(lines: readonly Line[]): Line[] {
  return [...lines.filter((line) => line.behind), ...lines.filter((line) => !line.behind)];
}

/** Charts of the same shape can share a plot, because only their numbers differ. */
export function shapeOf(data: ChartData): string {
  const lines = data.lines
    .map((line) => `${line.key}${line.low ? `~${line.edge ?? 0}` : ""}${line.dots ? "." : ""}`)
    .join();
  return `${lines}|${data.range?.join() ?? ""}|${data.stepsX?.length ?? 0}`;
}

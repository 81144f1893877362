import type { Aligned } from "./align";

/** One line of a chart, on the chart's shared x. */
export interface Line {
  key: string;
  label: string;
  /** Name of a CSS custom property such as `--series-1`. */
  color: string;
  y: Aligned[];
  /** Bounds of the min-max band behind the line. */
  low?: Aligned[];
  high?: Aligned[];
  /** Opacity of the band's outline. The band of single points has no height, and its outline is the raw line. */
  edge?: number;
  dash?: number[];
  width?: number;
  /** Draws each point as a dot and connects points across gaps. */
  dots?: boolean;
  /** Fills the area below the line. */
  fill?: boolean;
  /** Draws the line under the others, although the legend lists it in its place. */
  behind?: boolean;
  /** Marks the smallest value with a ring and a label. */
  best?: boolean;
}

/** What a chart draws. x is in the unit of the page's x axis. */
export interface ChartData {
  x: number[];
  lines: Line[];
  /** x of values that were NaN or infinite. */
  nonfinite?: number[];
  /** x at which epochs end. */
  epochs?: number[];
  /** Ranges of x without a running trainer. */
  pauses?: [number, number][];
  /** Fixed y range, for percentages and the like. */
  range?: [number, number];
  formatX: (x: number) => string;
  /** Allowed distances between ticks of x; decimal by default. */
  stepsX?: number[];
}

/** Lines in drawing order; later lines cover earlier ones. */
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

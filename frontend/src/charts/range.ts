import type { Aligned } from "./align";

/** Values of a visible line that a y axis has to contain. */
export interface Extent {
  low: readonly Aligned[];
  value: readonly Aligned[];
}

const LOW_QUANTILE = 0.01;
const HIGH_QUANTILE = 0.965;
/** Outliers are not clipped among fewer values. */
const MIN_CLIPPED_COUNT = 40;

/** Minimum span of an axis, as a share of its larger bound. In a smaller span the distance between ticks is lost in rounding,
 * and uPlot never reaches the last tick. */
const MIN_SPAN = 1e-9;
/** Limits of the bounds, so that their difference is finite and does not underflow when it is divided. */
const MAX_BOUND = 1e300;
const MIN_BOUND = 1e-290;
const LOG_FLOOR = 1e-12;
const LOG_CEILING = 1e30;

/** A finite, ascending range that is wide enough in floating point to be divided into ticks. */
export function divisibleRange(low: number | null, high: number | null): [number, number] {
  if (!isNumber(low) || !isNumber(high)) return [0, 1];
  const [min, max] = [clamp(Math.min(low, high)), clamp(Math.max(low, high))];
  return isWide(min, max) ? [min, max] : widened(min, max, MIN_SPAN);
}

/** The full range with a margin. The lower bound of values that are never negative stays at or above zero. */
export function wholeRange(low: number | null, high: number | null): [number, number] {
  if (!isNumber(low) || !isNumber(high)) return [0, 1];
  return widened(clamp(Math.min(low, high)), clamp(Math.max(low, high)), 0.06);
}

/** The quantile range of the columns `from` to `to`, so that outliers in the first steps do not flatten the rest. */
export function bulkRange(extents: readonly Extent[], from: number, to: number): [number, number] {
  const lows: number[] = [];
  const values: number[] = [];
  for (const extent of extents) {
    for (let i = from; i <= to; i++) {
      const low = extent.low[i];
      const value = extent.value[i];
      if (isNumber(low)) lows.push(low);
      if (isNumber(value)) values.push(value);
    }
  }
  if (!values.length) return [0, 1];
  lows.sort((a, b) => a - b);
  values.sort((a, b) => a - b);
  const all = values.length < MIN_CLIPPED_COUNT;
  const floor = lows[all ? 0 : Math.floor(lows.length * LOW_QUANTILE)] ?? values[0]!;
  const ceiling = values[Math.floor((values.length - 1) * (all ? 1 : HIGH_QUANTILE))]!;
  return widened(clamp(Math.min(floor, ceiling)), clamp(ceiling), 0.05);
}

/** Positive, distinct bounds of a logarithmic axis. */
export function logRange(low: number | null, high: number | null): [number, number] {
  const floor = within(isNumber(low) ? low : 1e-3, LOG_FLOOR, LOG_CEILING);
  const ceiling = within(isNumber(high) ? high : 1, floor, LOG_CEILING);
  return floor === ceiling ? [floor / 2, ceiling * 2] : [floor * 0.9, ceiling * 1.1];
}

/** Adds a margin of `share` of the span; of the values' magnitude where the span is only rounding. */
function widened(low: number, high: number, share: number): [number, number] {
  const size = magnitudeOf(low, high);
  const margin = (isWide(low, high) ? high - low : size > MIN_BOUND ? size : 1) * share;
  return [low >= 0 && low - margin < 0 ? 0 : low - margin, high + margin];
}

function isWide(low: number, high: number): boolean {
  return high - low > Math.max(magnitudeOf(low, high) * MIN_SPAN, MIN_BOUND);
}

function magnitudeOf(low: number, high: number): number {
  return Math.max(Math.abs(low), Math.abs(high));
}

function clamp(bound: number): number {
  return within(bound, -MAX_BOUND, MAX_BOUND);
}

function within(value: number, least: number, greatest: number): number {
  return Math.min(Math.max(value, least), greatest);
}

function isNumber(value: Aligned): value is number {
  return value != null && Number.isFinite(value);
}

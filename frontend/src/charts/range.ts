import type { Aligned } from "./align";

/** What a y axis has to show: for each visible line its lows and its values. */
export interface Extent {
  low: readonly Aligned[];
  value: readonly Aligned[];
}

const LOW_QUANTILE = 0.01;
const HIGH_QUANTILE = 0.965;
/** Fewer values than this have no outliers worth hiding. */
const ENOUGH = 40;

/** The least distance between the bounds of an axis, as a share of the larger one. Within less, adding the distance between two
 * ticks to a bound is lost in rounding, and the plot library never reaches the last tick. */
const LEAST_SPAN = 1e-9;
/** No bound lies beyond: the distance between two bounds stays a number, and neither vanishes when it is divided. */
const GREATEST_BOUND = 1e300;
const LEAST_BOUND = 1e-290;
const LOG_FLOOR = 1e-12;
const LOG_CEILING = 1e30;

/** A range that can be divided into ticks: finite, ascending, and wide enough for floating point. */
export function divisibleRange(low: number | null, high: number | null): [number, number] {
  if (!isNumber(low) || !isNumber(high)) return [0, 1];
  const [min, max] = [clamp(Math.min(low, high)), clamp(Math.max(low, high))];
  return isWide(min, max) ? [min, max] : widened(min, max, LEAST_SPAN);
}

/** Every value, with a margin; zero stays the floor of values that are never negative. */
export function wholeRange(low: number | null, high: number | null): [number, number] {
  if (!isNumber(low) || !isNumber(high)) return [0, 1];
  return widened(clamp(Math.min(low, high)), clamp(Math.max(low, high)), 0.06);
}

/** The bulk of the columns `from`..`to`: outliers among the first steps do not flatten the rest. */
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
  const all = values.length < ENOUGH;
  const floor = lows[all ? 0 : Math.floor(lows.length * LOW_QUANTILE)] ?? values[0]!;
  const ceiling = values[Math.floor((values.length - 1) * (all ? 1 : HIGH_QUANTILE))]!;
  return widened(clamp(Math.min(floor, ceiling)), clamp(ceiling), 0.05);
}

/** Positive, distinct bounds for a logarithmic axis. */
export function logRange(low: number | null, high: number | null): [number, number] {
  const floor = within(isNumber(low) ? low : 1e-3, LOG_FLOOR, LOG_CEILING);
  const ceiling = within(isNumber(high) ? high : 1, floor, LOG_CEILING);
  return floor === ceiling ? [floor / 2, ceiling * 2] : [floor * 0.9, ceiling * 1.1];
}

/** With a margin of `share` of the span; of the size of the values where they differ by rounding only. */
function widened(low: number, high: number, share: number): [number, number] {
  const size = sizeOf(low, high);
  const margin = (isWide(low, high) ? high - low : size > LEAST_BOUND ? size : 1) * share;
  return [low >= 0 && low - margin < 0 ? 0 : low - margin, high + margin];
}

function isWide(low: number, high: number): boolean {
  return high - low > Math.max(sizeOf(low, high) * LEAST_SPAN, LEAST_BOUND);
}

function sizeOf(low: number, high: number): number {
  return Math.max(Math.abs(low), Math.abs(high));
}

function clamp(bound: number): number {
  return within(bound, -GREATEST_BOUND, GREATEST_BOUND);
}

function within(value: number, least: number, greatest: number): number {
  return Math.min(Math.max(value, least), greatest);
}

function isNumber(value: Aligned): value is number {
  return value != null && Number.isFinite(value);
}

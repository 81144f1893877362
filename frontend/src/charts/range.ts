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

/** Everything, with a little air; zero stays the floor of what is never negative. */
export function wholeRange(low: number | null, high: number | null): [number, number] {
  if (low == null || high == null) return [0, 1];
  const air = (high - low || Math.abs(high) || 1) * 0.06;
  return [low >= 0 && low - air < 0 ? 0 : low - air, high + air];
}

/** The bulk of the columns `from`..`to`: outliers of a few first steps do not squash the rest. */
export function bulkRange(extents: readonly Extent[], from: number, to: number): [number, number] {
  const lows: number[] = [];
  const values: number[] = [];
  for (const extent of extents) {
    for (let i = from; i <= to; i++) {
      const low = extent.low[i];
      const value = extent.value[i];
      if (low != null) lows.push(low);
      if (value != null) values.push(value);
    }
  }
  if (!values.length) return [0, 1];
  lows.sort((a, b) => a - b);
  values.sort((a, b) => a - b);
  const all = values.length < ENOUGH;
  const floor = lows[all ? 0 : Math.floor(lows.length * LOW_QUANTILE)] ?? values[0]!;
  const ceiling = values[Math.floor((values.length - 1) * (all ? 1 : HIGH_QUANTILE))]!;
  const air = (ceiling - floor || Math.abs(ceiling) || 1) * 0.05;
  return [floor >= 0 && floor - air < 0 ? 0 : floor - air, ceiling + air];
}

/** A logarithmic axis wants positive, distinct bounds. */
export function logRange(low: number | null, high: number | null): [number, number] {
  const floor = Math.max(1e-12, low ?? 1e-3);
  const ceiling = Math.max(high ?? 1, floor);
  return floor === ceiling ? [floor / 2, ceiling * 2] : [floor * 0.9, ceiling * 1.1];
}

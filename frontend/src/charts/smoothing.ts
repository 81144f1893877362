import type { Maybe } from "./buckets";

/** Spans of the smoothing slider, in steps; 0 is off. */
export const SPANS = [0, 10, 20, 50, 100, 200, 500];

/**
 * Debiased exponential moving average with a span in steps. A bucket is weighted by its number of steps, so that the curve
 * does not depend on zoom or decimation.
 */
export function smooth(values: readonly Maybe[], counts: readonly number[], span: number): Maybe[] {
  if (span <= 1) return values.slice();
  const decay = 1 - 2 / (span + 1);
  let sum = 0;
  let weight = 0;
  return values.map((value, i) => {
    if (value == null) return null;
    const keep = decay ** Math.max(1, counts[i] ?? 1);
    sum = sum * keep + value * (1 - keep);
    weight = weight * keep + (1 - keep);
    return sum / weight;
  });
}

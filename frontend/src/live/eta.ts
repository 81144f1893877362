/** Estimates the remaining time from the duration of the latest steps. */

export interface Estimate {
  secondsPerStep: number;
  /** Seconds; null while there are too few steps. */
  remaining: number | null;
  /** Half the width of the estimate, in seconds. */
  spread: number;
}

const WINDOW = 200;
/** The first steps are slower (allocation, compilation) and would make the estimate too long. */
const MIN_STEPS = 20;

/** `seconds` are the durations of the latest steps, oldest first. */
export function estimate(seconds: readonly number[], stepsLeft: number): Estimate | null {
  const recent = seconds.filter((value) => Number.isFinite(value) && value > 0).slice(-WINDOW);
  if (!recent.length) return null;
  const sorted = [...recent].sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  if (recent.length < Math.min(MIN_STEPS, stepsLeft)) return { secondsPerStep: median, remaining: null, spread: 0 };
  // The error of a sum of independent steps grows with the square root of their number, the error of the median linearly.
  const width = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2;
  const spread = width * (Math.sqrt(stepsLeft) + stepsLeft / Math.sqrt(recent.length));
  return { secondsPerStep: median, remaining: stepsLeft * median, spread };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  const a = sorted[low]!;
  const b = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return a + (b - a) * (place - low);
}

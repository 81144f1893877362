/** Metric series as columns of min-mean-max buckets, as the monitor serves them. A live point is a bucket of one value. */

export type Maybe = number | null;

/** Parallel columns. `mean` is null where every value of the bucket was not finite. */
export interface Buckets {
  /** Last step of each bucket. */
  x: number[];
  mean: Maybe[];
  min: Maybe[];
  max: Maybe[];
  count: number[];
  /** Epoch and Unix seconds of the last point of each bucket. */
  epoch: Maybe[];
  time: number[];
  /** Steps at which the value was NaN or infinite. */
  nonfinite: number[];
}

export function emptyBuckets(): Buckets {
  return { x: [], mean: [], min: [], max: [], count: [], epoch: [], time: [], nonfinite: [] };
}

/** Appends a live point in place. Steps at or after the point's step are replaced, as after a resume. */
export function append(
  buckets: Buckets,
  point: { step: number; time: number; epoch: Maybe; value: number | null },
): void {
  while (buckets.x.length && buckets.x.at(-1)! >= point.step) dropLast(buckets);
  const finite = point.value !== null && Number.isFinite(point.value);
  const value = finite ? point.value : null;
  pushRow(buckets, point.step, value, value, value, 1, point.epoch, point.time);
  if (!finite) buckets.nonfinite.push(point.step);
}

/** Merges pairs of buckets once there are more than `columns` * 2. Minima and maxima are kept. */
export function compact(buckets: Buckets, columns: number): Buckets {
  if (buckets.x.length <= columns * 2) return buckets;
  const out = { ...emptyBuckets(), nonfinite: buckets.nonfinite };
  for (let i = 0; i < buckets.x.length; i += 2) {
    const last = Math.min(i + 1, buckets.x.length - 1);
    const pair = i === last ? [i] : [i, last];
    const weights = pair.filter((k) => buckets.mean[k] != null);
    const total = weights.reduce((sum, k) => sum + buckets.count[k]!, 0);
    pushRow(
      out,
      buckets.x[last]!,
      total ? weights.reduce((sum, k) => sum + buckets.mean[k]! * buckets.count[k]!, 0) / total : null,
      extreme(
        weights.map((k) => buckets.min[k]!),
        Math.min,
      ),
      extreme(
        weights.map((k) => buckets.max[k]!),
        Math.max,
      ),
      pair.reduce((sum, k) => sum + buckets.count[k]!, 0),
      buckets.epoch[last]!,
      buckets.time[last]!,
    );
  }
  return out;
}

/**
 * Inserts empty buckets where values were not finite, one per consecutive range. The monitor omits such steps, and a line
 * across them would hide them.
 */
export function withGaps(buckets: Buckets): Buckets {
  if (!buckets.nonfinite.length) return buckets;
  const out = { ...emptyBuckets(), nonfinite: buckets.nonfinite };
  let bad = 0;
  for (let i = 0; i <= buckets.x.length; i++) {
    const here = buckets.x[i] ?? Number.POSITIVE_INFINITY;
    const from = buckets.nonfinite[bad];
    if (from !== undefined && from < here) {
      const near = Math.max(0, i - 1);
      pushRow(out, from, null, null, null, 1, buckets.epoch[near] ?? null, buckets.time[near] ?? 0);
      while (bad < buckets.nonfinite.length && buckets.nonfinite[bad]! < here) bad += 1;
    }
    if (i === buckets.x.length) break;
    const { mean, min, max, count, epoch, time } = buckets;
    pushRow(out, here, mean[i]!, min[i]!, max[i]!, count[i]!, epoch[i] ?? null, time[i]!);
  }
  return out;
}

/** The series with steps `from` to `to` replaced by the finer buckets of `part`. */
export function refined(whole: Buckets, part: Buckets, from: number, to: number): Buckets {
  const out = {
    ...emptyBuckets(),
    nonfinite: [...new Set([...whole.nonfinite, ...part.nonfinite])].sort((a, b) => a - b),
  };
  const copy = (source: Buckets, keep: (x: number) => boolean): void => {
    source.x.forEach((x, i) => {
      if (!keep(x)) return;
      const { mean, min, max, count, epoch, time } = source;
      pushRow(out, x, mean[i]!, min[i]!, max[i]!, count[i]!, epoch[i] ?? null, time[i]!);
    });
  };
  copy(whole, (x) => x < from);
  copy(part, (x) => x >= from && x <= to);
  copy(whole, (x) => x > to);
  return out;
}

/** Last finite value, or null. */
export function latest(values: readonly (Maybe | undefined)[]): Maybe {
  for (let i = values.length - 1; i >= 0; i--) if (values[i] != null) return values[i]!;
  return null;
}

/** Index of the smallest value, or -1. */
export function indexOfMinimum(values: readonly (Maybe | undefined)[]): number {
  let best = -1;
  values.forEach((value, i) => {
    if (value != null && (best < 0 || value < values[best]!)) best = i;
  });
  return best;
}

function pushRow(
  buckets: Buckets,
  x: number,
  mean: Maybe,
  min: Maybe,
  max: Maybe,
  count: number,
  epoch: Maybe,
  time: number,
): void {
  buckets.x.push(x);
  buckets.mean.push(mean);
  buckets.min.push(min);
  buckets.max.push(max);
  buckets.count.push(count);
  buckets.epoch.push(epoch);
  buckets.time.push(time);
}

function dropLast(buckets: Buckets): void {
  const step = buckets.x.pop();
  buckets.mean.pop();
  buckets.min.pop();
  buckets.max.pop();
  buckets.count.pop();
  buckets.epoch.pop();
  buckets.time.pop();
  if (buckets.nonfinite.at(-1) === step) buckets.nonfinite.pop();
}

function extreme(values: number[], pick: (...values: number[]) => number): Maybe {
  return values.length ? pick(...values) : null;
}

import { describe, expect, it } from "vitest";
import {
  append,
  type Buckets,
  compact,
  emptyBuckets,
  indexOfMinimum,
  latest,
  refined,
  withGaps,
} from "../../src/charts/buckets";

function series(values: (number | null)[], first = 1): Buckets {
  const buckets = emptyBuckets();
  values.forEach((value, index) => {
    append(buckets, { step: first + index, time: 100 + index, epoch: index / 10, value });
  });
  return buckets;
}

describe("append", () => {
  it("makes a bucket of one for each point", () => {
    const buckets = series([3, 1]);
    expect(buckets.x).toEqual([1, 2]);
    expect(buckets.mean).toEqual([3, 1]);
    expect(buckets.min).toEqual(buckets.max);
    expect(buckets.count).toEqual([1, 1]);
  });

  it("keeps what was not finite as a gap and by its step", () => {
    const buckets = series([1, Number.NaN, 2]);
    expect(buckets.mean).toEqual([1, null, 2]);
    expect(buckets.nonfinite).toEqual([2]);
  });

  it("forgets what a resumed run computes again", () => {
    const buckets = series([5, 4, Number.NaN, 2]);
    append(buckets, { step: 3, time: 500, epoch: 0.2, value: 2.5 });
    expect(buckets.x).toEqual([1, 2, 3]);
    expect(buckets.mean).toEqual([5, 4, 2.5]);
    expect(buckets.nonfinite).toEqual([]);
    expect(buckets.time).toEqual([100, 101, 500]);
  });
});

describe("compact", () => {
  it("leaves a series alone that fits", () => {
    const buckets = series([1, 2, 3]);
    expect(compact(buckets, 2)).toBe(buckets);
  });

  it("halves a long one, keeping every extreme and the weighted mean", () => {
    const buckets = series([4, 0, 2, 9, 1]);
    const half = compact(buckets, 2);
    expect(half.x).toEqual([2, 4, 5]);
    expect(half.mean).toEqual([2, 5.5, 1]);
    expect(half.min).toEqual([0, 2, 1]);
    expect(half.max).toEqual([4, 9, 1]);
    expect(half.count).toEqual([2, 2, 1]);
    const again = compact(half, 1);
    expect(again.mean[0]).toBeCloseTo((4 + 0 + 2 + 9) / 4);
    expect(again.max).toEqual([9, 1]);
  });

  it("keeps a pair of gaps a gap, and takes the value beside one", () => {
    const half = compact(series([null, null, null, 3, 1]), 2);
    expect(half.mean).toEqual([null, 3, 1]);
    expect(half.max).toEqual([null, 3, 1]);
  });
});

describe("withGaps", () => {
  it("breaks the line once per stretch of bad values, also at the very end", () => {
    const loaded = { ...series([1, 2]), nonfinite: [7, 8, 9] };
    loaded.x = [5, 10];
    const broken = withGaps({ ...loaded, nonfinite: [7, 8, 9, 12] });
    expect(broken.x).toEqual([5, 7, 10, 12]);
    expect(broken.mean).toEqual([1, null, 2, null]);
  });

  it("does not touch a clean series", () => {
    const clean = series([1, 2]);
    expect(withGaps(clean)).toBe(clean);
  });
});

it("finds the latest and the least value across gaps", () => {
  expect(latest([1, 2, null])).toBe(2);
  expect(latest([null])).toBeNull();
  expect(indexOfMinimum([null, 3, undefined, 2, 2])).toBe(3);
  expect(indexOfMinimum([])).toBe(-1);
});

describe("refined", () => {
  it("puts the finer stretch in place of the coarse one", () => {
    const whole = compact(series([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 4);
    expect(whole.count).toEqual([2, 2, 2, 2, 2]);
    const part = series([4, 5, 60], 4);
    part.nonfinite.push(5);
    const shown = refined(whole, part, 4, 6);
    expect(shown.x).toEqual([2, 4, 5, 6, 8, 10]);
    expect(shown.max).toEqual([2, 4, 5, 60, 8, 10]);
    expect(shown.count).toEqual([2, 1, 1, 1, 2, 2]);
    expect(shown.nonfinite).toEqual([5]);
  });
});

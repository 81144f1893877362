import { describe, expect, it } from "vitest";
import { bulkRange, divisibleRange, logRange, wholeRange } from "../../src/charts/range";

describe("bulkRange", () => {
  it("is not squashed by a few high first values", () => {
    const values = [9, 8, ...Array.from({ length: 198 }, () => 1)];
    const [low, high] = bulkRange([{ low: values, value: values }], 0, 199);
    expect(high).toBeLessThan(2);
    expect(low).toBeLessThan(1);
  });

  it("shows everything while there is little", () => {
    const values = [9, 1, 1, 1];
    expect(bulkRange([{ low: values, value: values }], 0, 3)[1]).toBeGreaterThan(9);
  });

  it("looks at the visible columns only", () => {
    const values = [1, 2, 100, 101];
    expect(bulkRange([{ low: values, value: values }], 0, 1)[1]).toBeLessThan(3);
  });

  it("never goes below zero for what is never negative, and survives nothing at all", () => {
    const rising = Array.from({ length: 100 }, (_, index) => index / 100);
    expect(bulkRange([{ low: rising, value: rising }], 0, 99)[0]).toBe(0);
    expect(bulkRange([], 0, -1)).toEqual([0, 1]);
  });
});

it("gives the whole range some air", () => {
  const [low, high] = wholeRange(-1, 1);
  expect(low).toBeLessThan(-1);
  expect(high).toBeGreaterThan(1);
  expect(wholeRange(0, 5)[0]).toBe(0);
  expect(wholeRange(null, null)).toEqual([0, 1]);
});

it("keeps a logarithmic range positive and open", () => {
  const [low, high] = logRange(0.5, 0.5);
  expect(low).toBeGreaterThan(0);
  expect(high).toBeGreaterThan(low);
  expect(logRange(null, null)[0]).toBeGreaterThan(0);
});

describe("every range can be divided into ticks", () => {
  const BOUNDS = [
    ...[0, 1, -1, 0.1, 0.30000000000000004, 0.9, 1 / 3, 5e-324, 1e-300, 1e-17, 1e-12, 1e12, 2 ** 53, 1e300, 1.7e308],
    ...[-0.9, -1e12, -1.7e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null],
  ];
  // Neighbouring numbers: what rounding makes of a constant curve.
  const beside = (value: number | null): number | null => value && value * (1 + Number.EPSILON);
  const pairs = BOUNDS.flatMap((low) => [...BOUNDS, beside(low)].map((high) => [low, high] as const));

  const expectTicks = (name: string, [low, high]: [number, number]): void => {
    const tick = (high - low) / 1000;
    const isDivisible = Number.isFinite(high - low) && low + tick > low && high - tick < high;
    expect(isDivisible, `${name}: ${low} to ${high}`).toBe(true);
  };

  it.each(pairs)("from %s to %s", (low, high) => {
    expectTicks("divisible", divisibleRange(low, high));
    expectTicks("whole", wholeRange(low, high));
    expectTicks("log", logRange(low, high));
    const column = [low, high, low];
    expectTicks("bulk", bulkRange([{ low: column, value: column }], 0, 2));
    const many = Array.from({ length: 100 }, (_, index) => (index % 2 ? low : high));
    expectTicks("bulk of many", bulkRange([{ low: many, value: many }], 0, 99));
  });

  it("leaves a range alone that can be divided", () => {
    expect(divisibleRange(0, 230)).toEqual([0, 230]);
    expect(divisibleRange(7, 3)).toEqual([3, 7]);
  });
});

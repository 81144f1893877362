import { describe, expect, it } from "vitest";
import { bulkRange, logRange, wholeRange } from "../src/charts/range";

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

import { describe, expect, it } from "vitest";
import { logRange } from "../../src/charts/range";
import { logTicks } from "../../src/charts/ticks";

describe("logTicks", () => {
  it("begins above a bound that is no tick", () => {
    expect(logTicks(0.09696341827511788, 27.04534320831299).slice(0, 3)).toEqual([0.1, 0.2, 0.3]);
    expect(logTicks(0.09696341827511788, 27.04534320831299).at(-1)).toBe(20);
  });

  it("has round numbers within one decade", () => {
    expect(logTicks(2.2, 2.7)).toEqual([2.2, 2.3, 2.4, 2.5, 2.6, 2.7]);
    expect(logTicks(0.9, 1.1)).toEqual([0.9, 0.95, 1, 1.05, 1.1]);
  });

  it("is empty for a range that no logarithm has", () => {
    for (const [min, max] of [
      [0, 1],
      [-1, 1],
      [1, 1],
      [Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(logTicks(min, max)).toEqual([]);
    }
  });

  it("stays inside any range that a chart shows, ascending and few", () => {
    for (let i = 0; i < 20_000; i++) {
      const low = Math.random() * 10 ** (Math.random() * 50 - 20);
      const [min, max] = logRange(low, low * (1 + Math.random() * 10 ** (Math.random() * 20 - 10)));
      const ticks = logTicks(min, max);
      const inside = ticks.every(
        (tick, at) => tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9) && (at === 0 || tick > ticks[at - 1]!),
      );
      expect(inside && ticks.length >= 2 && ticks.length < 400, `${min} to ${max}: ${ticks}`).toBe(true);
    }
  });
});

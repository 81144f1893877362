import { describe, expect, it } from "vitest";
import { smooth } from "../../src/charts/smoothing";

describe("smooth", () => {
  it("is the identity when off", () => {
    expect(smooth([1, null, 3], [1, 1, 1], 0)).toEqual([1, null, 3]);
  });

  it("starts at the first value and stays on a constant", () => {
    expect(smooth([2, 2, 2], [1, 1, 1], 10)).toEqual([2, 2, 2].map((value) => expect.closeTo(value, 12)));
  });

  it("means the same however the points are bucketed", () => {
    const values = Array.from({ length: 400 }, (_, index) => (index < 200 ? 1 : 0));
    const raw = smooth(
      values,
      values.map(() => 1),
      50,
    );
    const halves = values.filter((_, index) => index % 2 === 1);
    const bucketed = smooth(
      halves,
      halves.map(() => 2),
      50,
    );
    expect(bucketed.at(-1)).toBeCloseTo(raw.at(-1)!, 6);
    expect(bucketed[110]).toBeCloseTo(raw[221]!, 6);
  });

  it("leaves gaps open and goes on behind them", () => {
    const out = smooth([1, null, 1], [1, 1, 1], 10);
    expect(out[1]).toBeNull();
    expect(out[2]).toBeCloseTo(1);
  });
});

import { describe, expect, it } from "vitest";
import { estimate } from "../../src/live/eta";

describe("estimate", () => {
  it("says nothing without steps and only the pace after a few", () => {
    expect(estimate([], 100)).toBeNull();
    expect(estimate([2, 2, 2], 100)).toMatchObject({ secondsPerStep: 2, remaining: null });
  });

  it("takes the median: one slow step does not count", () => {
    const steps = [...Array.from({ length: 30 }, () => 0.5), 60];
    expect(estimate(steps, 100)).toMatchObject({ remaining: 50, spread: 0 });
  });

  it("is wider for uneven steps", () => {
    const uneven = Array.from({ length: 40 }, (_, index) => (index % 2 ? 1 : 2));
    expect(estimate(uneven, 100)!.spread).toBeGreaterThan(5);
  });

  it("speaks even of a job with fewer steps than a good guess needs", () => {
    expect(estimate([1, 1, 1], 2)).toMatchObject({ remaining: 2 });
  });
});

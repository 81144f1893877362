import { describe, expect, it } from "vitest";
import { ago, clock, duration, elapsed } from "../../src/format/time";

describe("times", () => {
  it("names the two largest units", () => {
    expect(duration(3.4)).toBe("3 s");
    expect(duration(64)).toBe("1 m 04 s");
    expect(duration(3600 * 4 + 38 * 60)).toBe("4 h 38 m");
    expect(duration(86_400 * 2 + 3600)).toBe("2 d 1 h");
  });

  it("labels a time axis without zeros", () => {
    expect([0, 90, 120, 3600, 5400].map(elapsed)).toEqual(["0 s", "1 m 30 s", "2 m", "1 h", "1 h 30 m"]);
  });

  it("adds the day when it is not today", () => {
    const noon = new Date(2026, 4, 3, 12, 30).getTime();
    expect(clock(noon / 1000, noon)).toBe("12:30");
    expect(clock(noon / 1000, noon + 86_400_000)).toBe("3 May, 12:30");
    expect(ago(1)).toBe("just now");
    expect(ago(61)).toBe("1 m 01 s ago");
  });
});

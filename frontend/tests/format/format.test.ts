import { describe, expect, it } from "vitest";
import { bytes, figure, tick, whole } from "../../src/format/number";
import { ago, clock, duration, elapsed } from "../../src/format/time";

describe("numbers", () => {
  it("shows as many digits as help", () => {
    expect(figure(0.75512)).toBe("0.755");
    expect(figure(12.3456)).toBe("12.35");
    expect(figure(345.678)).toBe("345.7");
    expect(figure(18203)).toBe("18\u202f203");
    expect(figure(0.00004812, 3)).toBe("4.81e−5");
    expect(figure(-2.5, 1)).toBe("−2.5");
    expect(figure(0, 2)).toBe("0.00");
  });

  it("never hides what is not a number", () => {
    expect(figure(null)).toBe("–");
    expect(figure(Number.NaN)).toBe("NaN");
    expect(figure(Number.NEGATIVE_INFINITY)).toBe("−∞");
  });

  it("groups, ticks and sizes", () => {
    expect(whole(1234567)).toBe("1\u202f234\u202f567");
    expect(tick(18_000)).toBe("18k");
    expect(tick(0.0002)).toBe("2e−4");
    expect(tick(null)).toBe("");
    expect(bytes(1536)).toBe("1.5 KiB");
    expect(bytes(512)).toBe("512 B");
  });
});

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

import { describe, expect, it } from "vitest";
import { bytes, figure, tick, whole } from "../../src/format/number";

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

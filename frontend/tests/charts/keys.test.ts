import { describe, expect, it } from "vitest";
import { keyAction } from "../../src/charts/keys";

const x = Array.from({ length: 100 }, (_, index) => index);
const view = { min: 0, max: 99 };
const press = (key: string, cursor: number | null = null, shiftKey = false) =>
  keyAction({ key, shiftKey }, x, cursor, view);

describe("keyAction", () => {
  it("starts at the newest value and stays inside", () => {
    expect(press("ArrowLeft")).toEqual({ kind: "cursor", index: 99 });
    expect(press("ArrowLeft", 50)).toEqual({ kind: "cursor", index: 49 });
    expect(press("ArrowLeft", 5, true)).toEqual({ kind: "cursor", index: 0 });
    expect(press("ArrowRight", 99)).toEqual({ kind: "cursor", index: 99 });
  });

  it("zooms around the cursor without leaving the data", () => {
    expect(press("+", 0)).toEqual({ kind: "zoom", range: { min: 0, max: 49.5 } });
    expect(press("+", 99)).toEqual({ kind: "zoom", range: { min: 49.5, max: 99 } });
    expect(press("-", 50)).toEqual({ kind: "zoom", range: null });
  });

  it("resets and ignores other keys", () => {
    expect(press("0")).toEqual({ kind: "zoom", range: null });
    expect(press("a")).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { iconOf, titleOf } from "../../src/frame/page-title";

describe("titleOf", () => {
  it("tells the share while the job runs and a sign afterwards", () => {
    expect(titleOf("Support", "running", 0.429)).toBe("42 % Support · Pegbox");
    expect(titleOf("Support", "running", null)).toBe("Support · Pegbox");
    expect(titleOf("Support", "completed", 1)).toBe("✓ Support · Pegbox");
    expect(titleOf("Support", "failed", 0.3)).toBe("✗ Support · Pegbox");
  });

  it("fills the ring of the icon", () => {
    expect(decodeURIComponent(iconOf("running", 0.5))).toContain("stroke-dasharray='22.0 44.0'");
    expect(decodeURIComponent(iconOf("completed", null))).toContain("stroke-dasharray='44.0 44.0'");
  });
});

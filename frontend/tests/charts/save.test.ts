import { describe, expect, it } from "vitest";
import { csvOf } from "../../src/charts/save";

describe("csvOf", () => {
  it("has every number in full, gaps as empty cells", () => {
    const csv = csvOf({
      x: [1, 2],
      formatX: String,
      lines: [
        { key: "a", label: 'a, "b"', color: "--series-1", y: [0.1234567890123, null] },
        { key: "c", label: "c", color: "--series-2", y: [undefined, 2] },
      ],
    });
    expect(csv).toBe('x,"a, ""b""",c\n1,0.1234567890123,\n2,,2\n');
  });
});

import { describe, expect, it } from "vitest";
import { assignRole, initialMapping, missingRoles, nameFromFile } from "../../src/api/datasets";

describe("column mapping", () => {
  it("prefers the very names over a guess", () => {
    const preview = { columns: ["input", "answer"], suggestedMapping: { input: "answer", output: "answer" } };
    expect(initialMapping(preview as never)).toEqual({ input: "input", output: "answer" });
  });

  it("gives a column one role and a role one column", () => {
    let mapping = assignRole({}, "q", "input");
    mapping = assignRole(mapping, "a", "output");
    expect(mapping).toEqual({ input: "q", output: "a" });
    expect(assignRole(mapping, "q", "output")).toEqual({ output: "q" });
    expect(assignRole(mapping, "q", "")).toEqual({ output: "a" });
  });

  it("says what is missing", () => {
    expect(missingRoles({})).toContain("input and output");
    expect(missingRoles({ input: "q" })).toContain("output");
    expect(missingRoles({ input: "q", output: "a" })).toBeNull();
  });
});

it("makes a name of a file name", () => {
  expect(nameFromFile("support_tickets-v3.CSV")).toBe("Support tickets v3");
  expect(nameFromFile(".csv")).toBe("Dataset");
});

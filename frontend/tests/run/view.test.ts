import { expect, it } from "vitest";
import { DEFAULT_VIEW, readView, spanLabel, writeView } from "../../src/run/view";

it("keeps the view in the address and the address short", () => {
  const view = { ...DEFAULT_VIEW, axis: "time", log: true } as const;
  const search = writeView(view, "?tab=metrics");
  expect(search).toBe("?tab=metrics&x=time&log=1");
  expect(readView(search)).toEqual(view);
  expect(writeView(DEFAULT_VIEW, search)).toBe("?tab=metrics");
});

it("survives nonsense in the address", () => {
  expect(readView("?x=moon&smooth=99&log=2")).toEqual(DEFAULT_VIEW);
  expect(spanLabel(0)).toBe("off");
});

import { expect, it } from "vitest";
import { emptyBuckets } from "../../src/charts/buckets";
import { epochEnds } from "../../src/run/charts";
import { placeTimes } from "../../src/run/resource-charts";
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

it("places moments between the steps around them", () => {
  const buckets = { ...emptyBuckets(), x: [1, 2, 3], time: [10, 20, 40] };
  expect(placeTimes([5, 10, 15, 30, 50], buckets, buckets.x)).toEqual([null, 1, 1.5, 2.5, null]);
});

it("marks where epochs end, each once, the last not at all", () => {
  const buckets = { ...emptyBuckets(), x: [1, 2, 3, 4, 5, 6], epoch: [0.5, 1, 1.5, 2, 2.5, 3] };
  expect(epochEnds(buckets, buckets.x)).toEqual([2, 4]);
});

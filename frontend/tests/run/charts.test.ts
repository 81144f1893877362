import { expect, it } from "vitest";
import { emptyBuckets } from "../../src/charts/buckets";
import { epochEnds } from "../../src/run/charts";

it("marks where epochs end, each once, the last not at all", () => {
  const buckets = { ...emptyBuckets(), x: [1, 2, 3, 4, 5, 6], epoch: [0.5, 1, 1.5, 2, 2.5, 3] };
  expect(epochEnds(buckets, buckets.x)).toEqual([2, 4]);
});

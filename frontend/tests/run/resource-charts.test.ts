import { expect, it } from "vitest";
import { emptyBuckets } from "../../src/charts/buckets";
import { placeTimes } from "../../src/run/resource-charts";

it("places moments between the steps around them", () => {
  const buckets = { ...emptyBuckets(), x: [1, 2, 3], time: [10, 20, 40] };
  expect(placeTimes([5, 10, 15, 30, 50], buckets, buckets.x)).toEqual([null, 1, 1.5, 2.5, null]);
});

import { expect, it } from "vitest";
import { align } from "../src/charts/align";

it("puts two series on one x; what one lacks is undefined, what is a gap stays null", () => {
  const { x, columns } = align([
    { x: [1, 2, 4], columns: [[10, null, 40]] },
    { x: [0, 2], columns: [[5, 6]] },
  ]);
  expect(x).toEqual([0, 1, 2, 4]);
  expect(columns[0]![0]).toEqual([undefined, 10, null, 40]);
  expect(columns[1]![0]).toEqual([5, undefined, 6, undefined]);
});

it("keeps equal x as it is", () => {
  const { x, columns } = align([
    {
      x: [1, 2],
      columns: [
        [3, 4],
        [5, 6],
      ],
    },
  ]);
  expect(x).toEqual([1, 2]);
  expect(columns[0]).toEqual([
    [3, 4],
    [5, 6],
  ]);
});

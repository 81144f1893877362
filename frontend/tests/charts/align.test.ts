import { expect, it } from "vitest";
import { align } from "../../src/charts/align";

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

it("finds the place of values that do not rise, the later of two on one x", () => {
  const { x, columns } = align([
    { x: [0.5, 0, 1, 1], columns: [[1, 2, 3, 4]] },
    { x: [0.25], columns: [[9]] },
  ]);
  expect(x).toEqual([0, 0.25, 0.5, 1]);
  expect(columns[0]![0]).toEqual([2, undefined, 1, 4]);
  expect(columns[1]![0]).toEqual([undefined, 9, undefined, undefined]);
});

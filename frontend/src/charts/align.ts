import type { Maybe } from "./buckets";

/** `undefined` where only another series has a point, so that the line continues; `null` is a gap. */
export type Aligned = Maybe | undefined;

/** Puts several series on one x, the sorted union of theirs, with `undefined` where a series has no point. */
export function align(series: readonly { x: readonly number[]; columns: readonly (readonly Aligned[])[] }[]): {
  x: number[];
  columns: Aligned[][][];
} {
  const first = series[0];
  if (series.every((entry) => sameX(entry.x, first?.x ?? []))) {
    return { x: [...(first?.x ?? [])], columns: series.map((entry) => entry.columns.map((column) => [...column])) };
  }
  const x = sortedUnion(series.map((entry) => entry.x));
  const columns = series.map((entry) => {
    const indexes = indexesOf(entry.x, x);
    return entry.columns.map((column) => {
      const out = new Array<Aligned>(x.length).fill(undefined);
      for (let i = 0; i < indexes.length; i++) out[indexes[i]!] = column[i];
      return out;
    });
  });
  return { x, columns };
}

// A typed array sorts numbers several times as fast as an array with a comparison function.
function sortedUnion(lists: readonly (readonly number[])[]): number[] {
  const all = new Float64Array(lists.reduce((total, list) => total + list.length, 0));
  let end = 0;
  for (const list of lists) {
    all.set(list, end);
    end += list.length;
  }
  all.sort();
  const x: number[] = [];
  for (const value of all) if (x.at(-1) !== value) x.push(value);
  return x;
}

/** Index of each value in the union. Linear for ascending values; a descending value restarts the search. */
function indexesOf(values: readonly number[], union: readonly number[]): Int32Array {
  const indexes = new Int32Array(values.length);
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (union[at]! > value) at = 0;
    while (union[at]! < value) at += 1;
    indexes[i] = at;
  }
  return indexes;
}

function sameX(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

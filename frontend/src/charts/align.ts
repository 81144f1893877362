import type { Maybe } from "./buckets";

/** A value missing only because another series has a point there: the line runs on. `null` is a real gap. */
export type Aligned = Maybe | undefined;

/** One x for several series: the sorted union, with `undefined` where a series has no point. */
export function align(series: readonly { x: readonly number[]; columns: readonly (readonly Aligned[])[] }[]): {
  x: number[];
  columns: Aligned[][][];
} {
  const first = series[0];
  if (series.every((one) => sameX(one.x, first?.x ?? []))) {
    return { x: [...(first?.x ?? [])], columns: series.map((one) => one.columns.map((column) => [...column])) };
  }
  const x = sortedUnion(series.map((one) => one.x));
  const columns = series.map((one) => {
    const places = placesOf(one.x, x);
    return one.columns.map((column) => {
      const out = new Array<Aligned>(x.length).fill(undefined);
      for (let i = 0; i < places.length; i++) out[places[i]!] = column[i];
      return out;
    });
  });
  return { x, columns };
}

/** A typed array sorts numbers without being told how, several times as fast as a list. */
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

/** Where each value stands in the union. Values nearly always rise; after one that falls the search begins anew. */
function placesOf(values: readonly number[], union: readonly number[]): Int32Array {
  const places = new Int32Array(values.length);
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (union[at]! > value) at = 0;
    while (union[at]! < value) at += 1;
    places[i] = at;
  }
  return places;
}

function sameX(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

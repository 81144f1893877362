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
  const x = [...new Set(series.flatMap((one) => [...one.x]))].sort((a, b) => a - b);
  const place = new Map(x.map((value, i) => [value, i]));
  const columns = series.map((one) =>
    one.columns.map((column) => {
      const out = new Array<Aligned>(x.length).fill(undefined);
      column.forEach((value, i) => {
        out[place.get(one.x[i]!)!] = value;
      });
      return out;
    }),
  );
  return { x, columns };
}

function sameX(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

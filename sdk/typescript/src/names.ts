/** Names as JavaScript writes them beside those of the wire: `gpuCount` is `gpu_count`. */

export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** Fields under either name. */
export type EitherName<T> = T | { [K in keyof T as K extends string ? Camel<K> : K]: T[K] };

/** The fields under the wire's names. Only those of the object itself: what lies deeper belongs to the caller. */
export function wireNames(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

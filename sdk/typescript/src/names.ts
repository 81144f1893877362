/** Converts field names between camel case and the API's snake case. */

export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** The fields of `T`, all in snake case or all in camel case. */
export type EitherName<T> = T | { [K in keyof T as K extends string ? Camel<K> : K]: T[K] };

/** The fields with snake-case names. Does not convert nested objects, whose keys are the caller's. */
export function wireNames(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

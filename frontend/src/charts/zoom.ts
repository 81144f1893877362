/** A visible stretch of x; null is everything. */
export type Range = { min: number; max: number } | null;

interface ZoomDetail {
  group: string;
  range: Range;
  source: unknown;
}

const bus = new EventTarget();

/** Tells all charts of a group, but not the sender. */
export function publishZoom(group: string, range: Range, source: unknown): void {
  bus.dispatchEvent(new CustomEvent<ZoomDetail>("zoom", { detail: { group, range, source } }));
}

/** Calls back when another member of the group zooms; returns the way out. */
export function onZoom(group: string, self: unknown, listener: (range: Range) => void): () => void {
  const handle = (event: Event): void => {
    const detail = (event as CustomEvent<ZoomDetail>).detail;
    if (detail.group === group && detail.source !== self) listener(detail.range);
  };
  bus.addEventListener("zoom", handle);
  return () => bus.removeEventListener("zoom", handle);
}

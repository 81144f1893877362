/** A visible range of x; null is everything. */
export type Range = { min: number; max: number } | null;

interface ZoomDetail {
  group: string;
  range: Range;
  source: unknown;
}

const bus = new EventTarget();

/** Sends a range to all charts of a group except `source`. */
export function publishZoom(group: string, range: Range, source: unknown): void {
  bus.dispatchEvent(new CustomEvent<ZoomDetail>("zoom", { detail: { group, range, source } }));
}

/** Calls `listener` when another member of the group zooms. Returns a function that unsubscribes. */
export function onZoom(group: string, self: unknown, listener: (range: Range) => void): () => void {
  const handle = (event: Event): void => {
    const detail = (event as CustomEvent<ZoomDetail>).detail;
    if (detail.group === group && detail.source !== self) listener(detail.range);
  };
  bus.addEventListener("zoom", handle);
  return () => bus.removeEventListener("zoom", handle);
}

import type { Range } from "./zoom";

export type KeyAction = { kind: "cursor"; index: number } | { kind: "zoom"; range: Range };

const FAR = 20;

/** Action of a key on a focused chart, or null. Arrows move the cursor, plus and minus zoom around it, zero resets. */
export function keyAction(
  event: Pick<KeyboardEvent, "key" | "shiftKey">,
  x: readonly number[],
  cursor: number | null,
  view: { min: number; max: number },
): KeyAction | null {
  const last = x.length - 1;
  const step = event.shiftKey ? FAR : 1;
  switch (event.key) {
    case "ArrowLeft":
      return { kind: "cursor", index: Math.max(0, (cursor ?? last + step) - step) };
    case "ArrowRight":
      return { kind: "cursor", index: Math.min(last, (cursor ?? last - step) + step) };
    case "Home":
      return { kind: "cursor", index: 0 };
    case "End":
      return { kind: "cursor", index: last };
    case "+":
    case "=":
      return { kind: "zoom", range: around(x, cursor, view, 0.5) };
    case "-":
      return { kind: "zoom", range: around(x, cursor, view, 2) };
    case "0":
    case "Escape":
      return { kind: "zoom", range: null };
    default:
      return null;
  }
}

function around(
  x: readonly number[],
  cursor: number | null,
  view: { min: number; max: number },
  factor: number,
): Range {
  const span = (view.max - view.min) * factor;
  const first = x[0]!;
  const last = x.at(-1)!;
  if (span >= last - first) return null;
  const center = cursor == null ? (view.min + view.max) / 2 : x[cursor]!;
  const min = Math.min(Math.max(first, center - span / 2), last - span);
  return { min, max: min + span };
}

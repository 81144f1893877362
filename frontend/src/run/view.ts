/** Settings of the charts, kept in the address, so that a view can be shared and survives a reload. */
import { SPANS } from "../charts/smoothing";

export type Axis = "step" | "time" | "epoch";

export interface View {
  axis: Axis;
  /** Index into SPANS. */
  smoothing: number;
  log: boolean;
  clip: boolean;
  follow: boolean;
}

export const DEFAULT_VIEW: View = { axis: "step", smoothing: 1, log: false, clip: true, follow: true };

const KEY = "view";

/** The view that this browser starts with. */
export function standardView(): View {
  try {
    return { ...DEFAULT_VIEW, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<View>) };
  } catch {
    return DEFAULT_VIEW; // no storage, or invalid content
  }
}

/** Stores the starting view in this browser; null removes it. */
export function keepStandardView(view: View | null): void {
  try {
    if (view) localStorage.setItem(KEY, JSON.stringify(view));
    else localStorage.removeItem(KEY);
  } catch {
    // Storage may be off.
  }
}

export function readView(search: string, standard: View = standardView()): View {
  const query = new URLSearchParams(search);
  const axis = query.get("x") ?? standard.axis;
  const smoothing = Number(query.get("smooth") ?? standard.smoothing);
  const flag = (key: "log" | "clip" | "follow"): boolean => {
    const value = query.get(key);
    return value === "1" || value === "0" ? value === "1" : standard[key];
  };
  return {
    axis: axis === "time" || axis === "epoch" ? axis : "step",
    smoothing: SPANS[smoothing] === undefined ? standard.smoothing : smoothing,
    log: flag("log"),
    clip: flag("clip"),
    follow: flag("follow"),
  };
}

/** Writes what differs from the starting view into the query; other keys stay. */
export function writeView(view: View, search: string, standard: View = standardView()): string {
  const query = new URLSearchParams(search);
  const put = (key: string, value: string, standard: string): void => {
    if (value === standard) query.delete(key);
    else query.set(key, value);
  };
  put("x", view.axis, standard.axis);
  put("smooth", String(view.smoothing), String(standard.smoothing));
  put("log", view.log ? "1" : "0", standard.log ? "1" : "0");
  put("clip", view.clip ? "1" : "0", standard.clip ? "1" : "0");
  put("follow", view.follow ? "1" : "0", standard.follow ? "1" : "0");
  const text = query.toString();
  return text ? `?${text}` : "";
}

export function spanLabel(smoothing: number): string {
  const span = SPANS[smoothing] ?? 0;
  return span ? `${span} steps` : "off";
}

/** How the charts are shown; kept in the address, so that a view can be shared and survives a reload. */
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

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const axis = query.get("x");
  const smoothing = Number(query.get("smooth") ?? DEFAULT_VIEW.smoothing);
  return {
    axis: axis === "time" || axis === "epoch" ? axis : "step",
    smoothing: SPANS[smoothing] === undefined ? DEFAULT_VIEW.smoothing : smoothing,
    log: query.get("log") === "1",
    clip: query.get("clip") !== "0",
    follow: query.get("follow") !== "0",
  };
}

/** Only what differs from the default enters the address; other keys stay. */
export function writeView(view: View, search: string): string {
  const query = new URLSearchParams(search);
  const put = (key: string, value: string, standard: string): void => {
    if (value === standard) query.delete(key);
    else query.set(key, value);
  };
  put("x", view.axis, DEFAULT_VIEW.axis);
  put("smooth", String(view.smoothing), String(DEFAULT_VIEW.smoothing));
  put("log", view.log ? "1" : "0", "0");
  put("clip", view.clip ? "1" : "0", "1");
  put("follow", view.follow ? "1" : "0", "1");
  const text = query.toString();
  return text ? `?${text}` : "";
}

export function spanLabel(smoothing: number): string {
  const span = SPANS[smoothing] ?? 0;
  return span ? `${span} steps` : "off";
}

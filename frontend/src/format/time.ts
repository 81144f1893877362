/** Formats a duration in its two largest units. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${String(minutes).padStart(2, "0")} m`;
  if (minutes) return `${minutes} m ${String(total % 60).padStart(2, "0")} s`;
  return `${total} s`;
}

/** Formats a position on a time axis, without units that are zero. */
export function elapsed(seconds: number): string {
  const total = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(total / 3600), "h"],
    [Math.floor((total % 3600) / 60), "m"],
    [total % 60, "s"],
  ];
  const shown = parts.filter(([value]) => value);
  return shown.length ? shown.map(([value, unit]) => `${value} ${unit}`).join(" ") : "0 s";
}

/** Distances between ticks of a time axis, in seconds. */
export const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
];

/** Formats a moment as local hours and minutes, with the day unless it is today. */
export function clock(unixSeconds: number, now = Date.now()): string {
  const moment = new Date(unixSeconds * 1000);
  const time = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (new Date(now).toDateString() === moment.toDateString()) return time;
  return `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** Formats the age of something. */
export function ago(seconds: number): string {
  if (seconds < 2) return "just now";
  return `${duration(seconds)} ago`;
}

/** Progress and state of a job in the title and the icon of the tab. */
import type { JobState } from "../api/vocabulary";

const SIGNS: Partial<Record<JobState, string>> = { completed: "✓", failed: "✗", cancelled: "✗", paused: "‖" };
const COLORS: Partial<Record<JobState, string>> = {
  completed: "#0f7045",
  failed: "#b3261e",
  cancelled: "#5d6776",
  paused: "#8a5200",
};
const LENGTH = 2 * Math.PI * 7;

/** Title of the tab: percent while the job runs, else a sign for its state. */
export function titleOf(name: string, state: string, share: number | null): string {
  const sign =
    SIGNS[state as JobState] ?? (state === "running" && share !== null ? `${Math.floor(share * 100)} %` : "");
  return `${sign ? `${sign} ` : ""}${name} · Pegbox`;
}

/** Icon of the tab as a data URL: a ring that is filled up to the share. */
export function iconOf(state: string, share: number | null): string {
  const color = COLORS[state as JobState] ?? "#2b57d0";
  const filled = state === "completed" ? 1 : (share ?? 0);
  const ring = `<circle cx='10' cy='10' r='7' fill='none' stroke-width='4'`;
  const svg =
    `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'>${ring} stroke='${color}' opacity='.25'/>` +
    `${ring} stroke='${color}' stroke-dasharray='${(filled * LENGTH).toFixed(1)} ${LENGTH.toFixed(1)}' transform='rotate(-90 10 10)'/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export function showInTab(name: string, state: string, share: number | null): void {
  const title = titleOf(name, state, share);
  if (document.title === title) return;
  document.title = title;
  document.querySelector<HTMLLinkElement>("link[rel=icon]")?.setAttribute("href", iconOf(state, share));
}

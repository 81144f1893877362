/** Updates the progress panel that the server renders: percent, remaining time, phases. */
import { isTerminal, PHASES, type Phase } from "../api/vocabulary";
import { figure, whole } from "../format/number";
import { clock, duration } from "../format/time";
import { estimate } from "../live/eta";
import type { RunStore } from "./store";

export interface JobFacts {
  name: string;
  totalSteps: number | null;
  totalEpochs: number | null;
  /** Unix seconds; null before the job has started. */
  startedAt: number | null;
  finishedAt: number | null;
  state: string;
}

export function updateProgress(panel: HTMLElement, store: RunStore, facts: JobFacts, now = Date.now() / 1000): void {
  const train = store.buckets("train_loss");
  const step = Math.max(store.status?.step ?? 0, train.x.at(-1) ?? 0);
  const total = store.status?.total_steps ?? facts.totalSteps;
  const epoch = train.epoch.at(-1);
  const running = facts.state === "running";
  const share = total ? Math.min(1, step / total) : 0;
  if (step || running) {
    setField(panel, "percent", `${figure(share * 100, 1)} %`);
    setField(panel, "step", whole(step));
    if (total) setField(panel, "total", `of ${whole(total)}`);
    if (epoch != null) setField(panel, "epoch", figure(epoch, 2));
    moveBar(panel, share, step, total);
  }
  if (facts.startedAt) setField(panel, "elapsed", duration((facts.finishedAt ?? now) - facts.startedAt));
  const pace = estimate(store.stepSeconds, Math.max(0, (total ?? step) - step));
  if (pace)
    setField(
      panel,
      "speed",
      pace.secondsPerStep < 1 ? `${whole(pace.secondsPerStep * 1000)} ms` : `${figure(pace.secondsPerStep, 2)} s`,
    );
  const left = running && total ? (pace?.remaining ?? null) : null;
  showPart(panel, "remaining", running);
  showPart(panel, "finishes", left != null);
  if (running) setField(panel, "remaining", left == null ? "estimating…" : duration(left));
  setField(panel, "spread", left != null && pace && pace.spread >= 1 ? `± ${duration(pace.spread)}` : "");
  if (left != null) setField(panel, "finishes", clock(now + left, now * 1000));
  updatePhases(panel, store, facts, now);
}

/** Sets the text of every `[data-field=name]`, only on change, so that screen readers do not repeat it. */
export function setField(root: HTMLElement, name: string, text: string): void {
  for (const place of root.querySelectorAll(`[data-field="${name}"]`)) {
    if (place.textContent !== text) place.textContent = text;
  }
}

function showPart(panel: HTMLElement, name: string, show: boolean): void {
  const part = panel.querySelector<HTMLElement>(`[data-part="${name}"]`);
  if (part) part.hidden = !show;
}

function moveBar(panel: HTMLElement, share: number, step: number, total: number | null): void {
  const bar = panel.querySelector<SVGElement>(".progress-bar");
  if (!bar) return;
  bar.querySelector(".done")?.setAttribute("width", `${(share * 100).toFixed(2)}%`);
  bar.setAttribute("aria-valuenow", String(step));
  if (total) bar.setAttribute("aria-valuemax", String(total));
  bar.setAttribute("aria-valuetext", `Step ${step}${total ? ` of ${total}` : ""}`);
}

/** Start of each phase in Unix seconds, from the run's events. A later attempt replaces an earlier one. */
export function phaseStarts(store: Pick<RunStore, "events">): Map<string, number> {
  const starts = new Map<string, number>();
  for (const event of store.events) {
    if (event.kind !== "phase") continue;
    const name = PHASES.find((phase) => event.title.toLowerCase().startsWith(phase) || event.detail === phase);
    if (name) starts.set(name, event.time);
  }
  return starts;
}

function updatePhases(panel: HTMLElement, store: RunStore, facts: JobFacts, now: number): void {
  const current = facts.state === "running" ? store.status?.phase : null;
  const done = facts.state === "completed";
  const starts = phaseStarts(store);
  // A failed or cancelled job stopped in its last phase.
  const stoppedIn = isTerminal(facts.state) && !done ? [...starts.keys()].at(-1) : undefined;
  const at = done ? PHASES.length : PHASES.indexOf((current ?? stoppedIn ?? "") as Phase);
  for (const item of panel.querySelectorAll<HTMLElement>("[data-phase]")) {
    const name = item.dataset["phase"]!;
    const index = PHASES.indexOf(name as Phase);
    item.classList.toggle("done", index < at);
    item.classList.toggle("stopped", index === at && stoppedIn !== undefined);
    if (index === at && current) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    const start = starts.get(name);
    const end = [...starts.values()].filter((time) => start !== undefined && time > start).sort((a, b) => a - b)[0];
    const until = end ?? facts.finishedAt ?? (index === at ? now : undefined);
    const took = item.querySelector(".took");
    if (took && start !== undefined && until !== undefined) took.textContent = duration(until - start);
  }
}

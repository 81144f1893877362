import "../charts/chart";
import "../components/run/answers";
import "../components/run/chart-table";
import "../components/run/events";
import "../components/run/live-state";
import "../components/run/logs";
import "../components/tabs";
import { isTerminal, type TerminalState } from "../api/vocabulary";
import type { Chart } from "../charts/chart";
import type { Range } from "../charts/zoom";
import type { Refresh } from "../components/refresh";
import type { Answers } from "../components/run/answers";
import type { Events } from "../components/run/events";
import type { LiveState, LiveStateBadge } from "../components/run/live-state";
import type { Logs } from "../components/run/logs";
import { connectNotify, notifyOfEnd } from "../frame/notify";
import { showInTab } from "../frame/page-title";
import { Baseline, connectBaseline } from "../run/baseline";
import { lossChart, metricChart, stepsOf } from "../run/charts";
import { connectControls } from "../run/controls";
import { updateKpis } from "../run/kpis";
import { type JobFacts, updateProgress } from "../run/progress";
import { gpuChart, gpuMemoryChart, hasGpu, hostChart } from "../run/resource-charts";
import { type Change, RunStore } from "../run/store";
import { readView } from "../run/view";

const COLUMNS = Math.min(1200, Math.max(400, window.innerWidth));
const SILENT_SECONDS = 60;
const END_WORDS: Record<TerminalState, string> = { completed: "Done", failed: "Failed", cancelled: "Cancelled" };

const root = find<HTMLElement>("#job");
const facts: JobFacts = {
  name: root.dataset["name"] ?? "",
  state: root.dataset["state"] ?? "",
  totalSteps: number(root.dataset["totalSteps"]),
  totalEpochs: number(root.dataset["totalEpochs"]),
  startedAt: number(root.dataset["startedAt"]),
  finishedAt: number(root.dataset["finishedAt"]),
};
const uid = root.dataset["job"] ?? "";
const store = new RunStore(uid, COLUMNS);
const baseline = new Baseline(COLUMNS);
let view = readView(location.search);
/** The phase in the head of the page; null until the first status. */
let phase: string | null = null;

function find<T extends Element>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}

function number(text: string | undefined): number | null {
  return text ? Number(text) : null;
}

function chart(name: string): Chart {
  return find<Chart>(`#chart-${name}`);
}

function drawTraining(): void {
  const loss = chart("loss");
  loss.log = view.log;
  loss.clip = view.clip && !view.log;
  loss.data = baseline.behind(
    lossChart(store, view),
    view,
    { metric: "train_loss", smoothed: true },
    { metric: "validation_loss", dots: true, label: "baseline validation" },
  );
  const gradient = metricChart(store, view, "grad_norm", { band: true, smoothed: true });
  chart("gradient").data = baseline.behind(gradient, view, { metric: "grad_norm", smoothed: true });
  const rate = metricChart(store, view, "learning_rate", { fill: true });
  chart("rate").data = baseline.behind(rate, view, { metric: "learning_rate" });
  const throughput = metricChart(store, view, "tokens_per_second", { band: true });
  chart("throughput").data = baseline.behind(throughput, view, { metric: "tokens_per_second" });
}

function drawNotes(): void {
  for (const element of document.querySelectorAll<Chart>("pb-chart")) {
    element.follow = view.follow && facts.state === "running";
    element.stale = store.feedState === "offline";
    element.note = noteOf(element);
  }
}

function noteOf(element: Chart): string {
  if (store.failure) return "The monitor does not answer.";
  if (!store.loaded) return "Loading…";
  if (element.id.startsWith("chart-gpu") && store.resources.length && !hasGpu(store))
    return "This machine has no NVIDIA GPU.";
  if (facts.state === "queued" || facts.state === "created") return "Nothing to draw before the job starts.";
  return isTerminal(facts.state) ? "Nothing was recorded." : "Waiting for the first point…";
}

function drawResources(): void {
  chart("host").data = hostChart(store, view);
  chart("gpu").data = gpuChart(store, view);
  chart("gpu-memory").data = gpuMemoryChart(store, view);
}

function drawNumbers(): void {
  showInTab(facts.name, facts.state, share());
  updateProgress(find("#progress"), store, facts);
  updateKpis(find("#kpis"), store, view);
}

/** Progress of the job, 0 to 1; null while the number of steps is unknown. */
function share(): number | null {
  const total = store.status?.total_steps ?? facts.totalSteps;
  const step = Math.max(store.status?.step ?? 0, store.buckets("train_loss").x.at(-1) ?? 0);
  return total ? Math.min(1, step / total) : null;
}

function drawLists(): void {
  const events = find<Events>("pb-events");
  events.loaded = store.loaded;
  events.events = store.events;
  const answers = find<Answers>("pb-answers");
  answers.loaded = store.loaded;
  answers.samples = store.samples;
  const count = document.querySelector("[data-field=answer-sets]");
  if (count) count.textContent = store.samples.length ? String(store.samples.length) : "";
}

function showLiveState(): void {
  const badge = find<LiveStateBadge>("pb-live-state");
  const lastPoint = store.buckets("train_loss").time.at(-1) ?? 0;
  const quiet = facts.state === "running" && lastPoint > 0 && Date.now() / 1000 - lastPoint > SILENT_SECONDS;
  const state: LiveState = quiet && store.feedState === "live" ? "silent" : store.feedState;
  badge.state = state;
  badge.receivedAt = state === "silent" ? lastPoint * 1000 : (store.feed?.receivedAt ?? 0);
}

/** Reloads the server-rendered regions when the job's state or phase has changed. */
function onStatus(): void {
  const state = store.status?.state ?? facts.state;
  const next = store.status?.phase ?? "";
  const same = state === facts.state && (phase === null || next === phase);
  phase = next;
  if (same) return;
  facts.state = state;
  if (isTerminal(state)) {
    notifyOfEnd(facts.name, END_WORDS[state]);
    facts.finishedAt ??= Date.now() / 1000;
  }
  if (state === "running") facts.startedAt ??= Date.now() / 1000;
  find<Logs>("pb-logs").active = state === "running";
  for (const region of document.querySelectorAll<Refresh>("pb-refresh")) void region.reload();
}

store.addEventListener("change", (event) => {
  const changes = (event as CustomEvent<Set<Change>>).detail;
  if (changes.has("status")) onStatus();
  drawNumbers();
  if (changes.has("series") || changes.has("status") || changes.has("loaded")) drawTraining();
  if (changes.has("resources") || changes.has("status") || changes.has("loaded")) drawResources();
  drawNotes();
  if (changes.has("events") || changes.has("samples") || changes.has("loaded")) drawLists();
  showLiveState();
});

connectControls(view, (changed) => {
  const otherAxis = changed.axis !== view.axis;
  view = changed;
  drawNotes();
  drawTraining();
  drawResources();
  drawNumbers();
  if (otherAxis) chart("loss").reset();
});

addEventListener("pb-zoom", (event) => {
  const range = (event as CustomEvent<Range>).detail;
  void store.zoom(range && stepsOf(store, view.axis, range));
});

void connectBaseline(baseline, drawTraining);
connectNotify(document.querySelector<HTMLButtonElement>("#notify"));

const logs = find<Logs>("pb-logs");
logs.active = facts.state === "running";
logs.open = new URLSearchParams(location.search).get("tab") === "logs";
addEventListener("pb-tab", (event) => {
  logs.open = (event as CustomEvent<string>).detail === "logs";
});

setInterval(() => {
  if (document.hidden) return;
  showLiveState();
  if (facts.state === "running") updateProgress(find("#progress"), store, facts);
}, 1000);

await store.open(facts.startedAt !== null);

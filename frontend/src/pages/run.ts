/** The page of a script's run: a chart for each metric, also for metrics that are first logged while the page is open. */
import "../charts/chart";
import "../components/run/chart-table";
import "../components/run/events";
import "../components/run/live-state";
import "../components/tabs";
import type { Chart } from "../charts/chart";
import type { Range } from "../charts/zoom";
import type { Refresh } from "../components/refresh";
import type { Events } from "../components/run/events";
import type { LiveStateBadge } from "../components/run/live-state";
import { metricChart, stepsOf } from "../run/charts";
import { connectControls } from "../run/controls";
import { type Change, RunStore } from "../run/store";
import { readView } from "../run/view";

const COLUMNS = Math.min(600, Math.max(300, window.innerWidth));
const MAX_CHARTS = 24;

const root = document.querySelector<HTMLElement>("#run")!;
const isFiltered = new URLSearchParams(location.search).has("q");
let view = readView(location.search);
let state = root.dataset["state"] ?? "";
let mediaTimer = 0;

function charts(): NodeListOf<Chart> {
  return document.querySelectorAll<Chart>("pb-chart[data-metric]");
}

const store = new RunStore(
  root.dataset["run"] ?? "",
  COLUMNS,
  [...charts()].map((chart) => chart.dataset["metric"] ?? ""),
);

/** Adds a chart for each metric that the server-rendered page lacks. */
function addMissing(): void {
  if (isFiltered) return;
  const known = new Set([...charts()].map((chart) => chart.dataset["metric"]));
  for (const name of store.series.keys()) {
    if (known.has(name) || known.size >= MAX_CHARTS) continue;
    known.add(name);
    const panel = document.createElement("section");
    panel.className = "panel span-4";
    panel.setAttribute("aria-label", name);
    const chart = document.createElement("pb-chart") as Chart;
    chart.dataset["metric"] = name;
    chart.heading = name;
    chart.group = "run";
    chart.height = 150;
    panel.append(chart);
    document.querySelector("#run-grid")!.append(panel);
  }
  document.querySelector<HTMLElement>("#no-metrics")!.hidden = known.size > 0;
}

function draw(): void {
  addMissing();
  for (const chart of charts()) {
    const name = chart.dataset["metric"] ?? "";
    const isMachine = name.startsWith("system/");
    chart.log = view.log && !isMachine;
    chart.clip = view.clip && !view.log;
    chart.follow = view.follow && state === "running";
    chart.stale = store.feedState === "offline";
    chart.note = store.failure ? "The monitor does not answer." : store.loaded ? "No finite value." : "Loading…";
    chart.data = metricChart(store, view, name, { band: true, smoothed: !isMachine });
  }
}

function showState(): void {
  const badge = document.querySelector<LiveStateBadge>("pb-live-state")!;
  badge.state = store.feedState;
  badge.receivedAt = store.feed?.receivedAt ?? 0;
}

function reload(id: string): void {
  void document.querySelector<Refresh>(`#${id}`)?.reload();
}

store.addEventListener("change", (event) => {
  const changes = (event as CustomEvent<Set<Change>>).detail;
  if (changes.has("series") || changes.has("loaded") || changes.has("feed")) draw();
  if (changes.has("events") || changes.has("loaded")) {
    const events = document.querySelector<Events>("pb-events")!;
    events.loaded = store.loaded;
    events.events = store.events;
  }
  if (changes.has("status") && store.status && store.status.state !== state) {
    state = store.status.state;
    reload("run-top");
  }
  if (changes.has("media")) {
    clearTimeout(mediaTimer);
    mediaTimer = setTimeout(() => reload("run-media"), 500);
  }
  showState();
});

connectControls(view, (changed) => {
  const otherAxis = changed.axis !== view.axis;
  view = changed;
  draw();
  if (otherAxis) charts()[0]?.reset();
});

addEventListener("pb-zoom", (event) => {
  const range = (event as CustomEvent<Range>).detail;
  void store.zoom(range && stepsOf(store, view.axis, range));
});

await store.open();

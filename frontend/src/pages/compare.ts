import "../charts/chart";
import "../components/run/chart-table";
import "../components/run/live-state";
import { isTerminal } from "../api/vocabulary";
import type { Chart } from "../charts/chart";
import { overlay } from "../compare/charts";
import { type ComparedRun, CompareStore } from "../compare/store";
import type { LiveStateBadge } from "../components/run/live-state";
import { connectControls } from "../run/controls";
import { readView } from "../run/view";

const COLUMNS = Math.min(1200, Math.max(400, window.innerWidth));

const store = new CompareStore(listedRuns(), COLUMNS);
let view = readView(location.search);

function listedRuns(): ComparedRun[] {
  return [...document.querySelectorAll<HTMLElement>("[data-run]")].map((item) => ({
    id: item.dataset["run"] ?? "",
    name: item.dataset["name"] ?? "",
    color: `--series-${item.dataset["colour"]}`,
    dashed: "dashed" in item.dataset,
    active: !isTerminal(item.dataset["state"] ?? ""),
  }));
}

function draw(): void {
  const charts: Record<string, () => Chart["data"]> = {
    loss: () => overlay(store, view, "train_loss", { smoothed: true }),
    validation: () => overlay(store, view, "validation_loss", { dots: true }),
    gradient: () => overlay(store, view, "grad_norm", { smoothed: true }),
    rate: () => overlay(store, view, "learning_rate"),
  };
  for (const [name, overlaid] of Object.entries(charts)) {
    const chart = document.querySelector<Chart>(`#chart-${name}`);
    if (!chart) return;
    if (name === "loss" || name === "validation") {
      chart.log = view.log;
      chart.clip = view.clip && !view.log && name === "loss";
    }
    chart.follow = view.follow;
    chart.stale = store.feedState === "offline";
    chart.note = note();
    chart.data = overlaid();
  }
  const badge = document.querySelector<LiveStateBadge>("pb-live-state");
  if (badge) {
    badge.state = store.loaded ? store.feedState : "connecting";
    badge.receivedAt = store.receivedAt;
  }
}

function note(): string {
  const failure = [...store.failures.values()][0];
  if (failure) return "The monitor does not answer.";
  return store.loaded ? "None of these runs has logged it." : "Loading…";
}

if (store.runs.length) {
  store.addEventListener("change", draw);
  connectControls(view, (changed) => {
    const otherAxis = changed.axis !== view.axis;
    view = changed;
    draw();
    if (otherAxis) document.querySelector<Chart>("#chart-loss")?.reset();
  });
  draw();
  await store.open();
} else {
  document.querySelector("pb-live-state")?.remove();
}

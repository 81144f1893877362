/** Updates the row of key figures: the latest value of each metric with a note. */
import { indexOfMinimum, latest } from "../charts/buckets";
import { SPANS, smooth } from "../charts/smoothing";
import { bytes, figure, whole } from "../format/number";
import { setField } from "./progress";
import type { RunStore } from "./store";
import type { View } from "./view";

export function updateKpis(row: HTMLElement, store: RunStore, view: View): void {
  trainLoss(row, store, view);
  validationLoss(row, store);
  const rate = store.buckets("learning_rate");
  show(row, "learning_rate", store.exactLatest("learning_rate"), figure);
  const peak = Math.max(...rate.max.filter((value): value is number => value != null));
  if (Number.isFinite(peak)) setField(row, "learning_rate_peak", `, peak ${figure(peak)}`);
  gradientNorm(row, store);
  show(row, "tokens_per_second", store.exactLatest("tokens_per_second"), whole);
  memory(row, store);
  answers(row, store);
}

function trainLoss(row: HTMLElement, store: RunStore, view: View): void {
  const buckets = store.buckets("train_loss");
  const smoothed = smooth(buckets.mean, buckets.count, SPANS[view.smoothing] ?? 0);
  const now = latest(smoothed);
  show(row, "train_loss", now, figure);
  const last = buckets.x.at(-1);
  if (now == null || last === undefined || buckets.x.length < 10) return;
  const window = Math.max(10, Math.round(last / 10));
  const index = buckets.x.findIndex((step) => step >= last - window);
  const before = smoothed[index];
  if (before == null) return;
  const change = now - before;
  note(
    row,
    "train_loss",
    `${change <= 0 ? "▼" : "▲"} ${figure(Math.abs(change))} in ${whole(window)} steps`,
    change <= 0 ? "good" : "",
  );
}

function validationLoss(row: HTMLElement, store: RunStore): void {
  const { mean, x } = store.buckets("validation_loss");
  show(row, "validation_loss", latest(mean), figure);
  const best = indexOfMinimum(mean);
  if (best < 0) return;
  if (mean.length === 1) {
    note(row, "validation_loss", x[0] === 0 ? "before the first step" : "");
    return;
  }
  const isLatest = best === mean.length - 1;
  note(
    row,
    "validation_loss",
    isLatest && best > 0 ? "best so far" : `best ${figure(mean[best]!)} at ${whole(x[best]!)}`,
    isLatest && best > 0 ? "good" : "",
  );
}

function gradientNorm(row: HTMLElement, store: RunStore): void {
  const buckets = store.buckets("grad_norm");
  show(row, "grad_norm", store.exactLatest("grad_norm"), figure);
  const bad = buckets.nonfinite.length + store.buckets("train_loss").nonfinite.length;
  if (bad) note(row, "grad_norm", `${whole(bad)} not finite`, "bad");
}

function memory(row: HTMLElement, store: RunStore): void {
  show(row, "memory_bytes", store.exactLatest("memory_bytes"), bytes);
  const peak = Math.max(...store.buckets("memory_bytes").max.filter((value): value is number => value != null));
  if (Number.isFinite(peak)) note(row, "memory_bytes", `peak ${bytes(peak)}`);
}

function answers(row: HTMLElement, store: RunStore): void {
  const first = store.samples[0];
  const last = store.samples.at(-1);
  if (!first || !last) return;
  const right = (rows: typeof first.rows): number =>
    rows.filter((sample) => sample.answer.trim() === sample.expected.trim()).length;
  setField(row, "answers", String(right(last.rows)));
  setField(row, "answers_total", `of ${last.rows.length} word for word`);
  note(row, "answers", `base model ${right(first.rows)}`, right(last.rows) > right(first.rows) ? "good" : "");
}

function show(row: HTMLElement, name: string, value: number | null, format: (value: number) => string): void {
  if (value != null) setField(row, name, format(value));
}

function note(row: HTMLElement, name: string, text: string, tone = ""): void {
  const place = row.querySelector<HTMLElement>(`[data-note="${name}"]`);
  if (!place) return;
  if (place.textContent !== text) place.textContent = text;
  place.dataset["tone"] = tone;
}

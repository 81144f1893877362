import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { loadSeries } from "../api/runs";
import { LightElement } from "../components/light-element";
import type { Maybe } from "./buckets";

const COLUMNS = 80;
const WIDTH = 160;
const HEIGHT = 36;

/** A small line of one metric. Decorative: the page has the numbers as text. */
@customElement("pb-spark")
export class Spark extends LightElement {
  /** Id of a run or a job. */
  @property() run = "";
  @property() metric = "train_loss";
  @state() private values: Maybe[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  override render(): TemplateResult {
    return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      <polyline points=${sparkPoints(this.values, WIDTH, HEIGHT)} />
    </svg>`;
  }

  private async load(): Promise<void> {
    try {
      const { series } = await loadSeries(this.run, [this.metric], COLUMNS);
      this.values = series.get(this.metric)?.mean ?? [];
    } catch {
      this.values = []; // The card has the numbers without the line.
    }
  }
}

/** `points` of a polyline through the known values, scaled to the full height. */
export function sparkPoints(values: readonly Maybe[], width: number, height: number): string {
  const known = values.filter((value): value is number => value != null);
  if (known.length < 2) return "";
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  return values
    .map((value, index) =>
      value == null
        ? ""
        : `${((index / (values.length - 1)) * width).toFixed(1)},${(height - 2 - ((value - low) / span) * (height - 4)).toFixed(1)}`,
    )
    .filter(Boolean)
    .join(" ");
}

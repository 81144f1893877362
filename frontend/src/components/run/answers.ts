import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { SampleSet } from "../../api/runs";
import { whole } from "../../format/number";
import { icon } from "../icon";
import { LightElement } from "../light-element";

/** Sample prompts with the answers of the base model, of the model in training, and of the dataset. */
@customElement("pb-answers")
export class Answers extends LightElement {
  @property({ attribute: false }) samples: readonly SampleSet[] = [];
  @property({ type: Boolean }) loaded = false;
  /** Index of the shown set; null follows the newest. */
  @state() private chosen: number | null = null;

  override render(): TemplateResult {
    const before = this.samples[0];
    if (!before) {
      return html`<div class="panel empty">
        <h2>${this.loaded ? "No answers yet" : "Loading answers…"}</h2>
        <p>Before the first step the base model answers five prompts of the held-out rows; after each evaluation the model in training answers them again.</p>
      </div>`;
    }
    const index = Math.min(this.chosen ?? this.samples.length - 1, this.samples.length - 1);
    const now = this.samples[index]!;
    return html`<div class="answers">
      <div class="toolbar" role="toolbar" aria-label="Answers at">
        <div class="group">
          <label for="pb-answers-step">Compare the base model with</label>
          <select id="pb-answers-step" class="select compact" @change=${this.choose}>
            ${this.samples.map(
              (set, place) => html`<option value=${place} ?selected=${place === index}>
                step ${whole(set.step)}${place === this.samples.length - 1 ? " (latest)" : place === 0 ? " (base model)" : ""}
              </option>`,
            )}
          </select>
        </div>
        <span class="small muted">${count(now)} of ${now.rows.length} word for word, base model ${count(before)}</span>
      </div>
      ${now.rows.map((row, place) => this.card(row, before.rows[place]?.answer ?? "", now))}
    </div>`;
  }

  private card(row: SampleSet["rows"][number], base: string, now: SampleSet): TemplateResult {
    return html`<article class="panel answer">
      <header><h2 class="prompt">${row.prompt}</h2></header>
      <div class="answer-columns">
        <div><h3>Base model</h3>${answer(base)}</div>
        <div>
          <h3>
            Step ${whole(now.step)}
            ${matches(row) ? html`<span class="is-ok">${icon("check")}</span><span class="is-ok">word for word</span>` : ""}
          </h3>
          ${answer(row.answer)}
        </div>
        <div><h3>In the data</h3>${answer(row.expected)}</div>
      </div>
    </article>`;
  }

  private choose(event: Event): void {
    const index = Number((event.target as HTMLSelectElement).value);
    this.chosen = index === this.samples.length - 1 ? null : index;
  }
}

function answer(text: string): TemplateResult {
  return text.trim() ? html`<p>${text}</p>` : html`<p class="blank">nothing</p>`;
}

function matches(row: SampleSet["rows"][number]): boolean {
  return row.answer.trim() === row.expected.trim();
}

function count(set: SampleSet): number {
  return set.rows.filter(matches).length;
}

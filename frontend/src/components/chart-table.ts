import { html, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { ChartModel } from "../charts/model";
import { figure } from "../format/number";
import { LightElement } from "./light-element";

const MOST_ROWS = 200;

/** The numbers behind a chart, for everyone who would rather read them. Opens on a chart's `pb-chart-table` event. */
@customElement("pb-chart-table")
export class ChartTable extends LightElement {
  @state() private heading = "";
  @state() private model?: ChartModel;
  @query("dialog") private dialog!: HTMLDialogElement;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pb-chart-table", this.show);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pb-chart-table", this.show);
  }

  override render(): TemplateResult {
    return html`<dialog class="dialog wide" aria-labelledby="pb-chart-table-title">
      <div class="inner">
        <h2 id="pb-chart-table-title">${this.heading}</h2>
        ${this.table()}
        <div class="actions"><button class="button" type="button" data-closes>Close</button></div>
      </div>
    </dialog>`;
  }

  private table(): TemplateResult {
    const model = this.model;
    if (!model?.x.length) return html`<p>There are no values yet.</p>`;
    const rows = thin(model.x.length);
    return html`${rows.length < model.x.length ? html`<p>${rows.length} of ${model.x.length} points, evenly spread.</p>` : ""}
      <div class="table-scroll" tabindex="0" role="region" aria-label="Values, scrolls">
        <table class="table">
          <thead>
            <tr>
              <th scope="col" class="n">at</th>
              ${model.lines.map((line) => html`<th scope="col" class="n">${line.label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) => html`<tr>
                <td class="n">${model.formatX(model.x[row]!)}</td>
                ${model.lines.map((line) => html`<td class="n">${figure(line.y[row], 4)}</td>`)}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
  }

  private readonly show = (event: Event): void => {
    const { heading, model } = (event as CustomEvent<{ heading: string; model?: ChartModel }>).detail;
    this.heading = heading;
    this.model = model;
    void this.updateComplete.then(() => this.dialog.showModal());
  };
}

/** Indexes of at most MOST_ROWS rows, the last one always among them. */
function thin(length: number): number[] {
  if (length <= MOST_ROWS) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: MOST_ROWS }, (_, index) => Math.round((index * (length - 1)) / (MOST_ROWS - 1)));
}

import { html, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { ChartData } from "../../charts/data";
import { csvOf, download, pictureOf } from "../../charts/save";
import { figure } from "../../format/number";
import { LightElement } from "../light-element";
import { toast } from "../toast";

const MAX_ROWS = 200;

interface Shown {
  heading: string;
  data?: ChartData;
  canvas?: HTMLCanvasElement;
}

/** Dialog with the numbers of a chart. Opens on the chart's `pb-chart-table` event. */
@customElement("pb-chart-table")
export class ChartTable extends LightElement {
  @state() private heading = "";
  @state() private data?: ChartData;
  private canvas?: HTMLCanvasElement;
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
        <div class="actions">
          ${
            this.data?.x.length
              ? html`<button class="button" type="button" @click=${this.copy}>Copy as CSV</button>
                <button class="button" type="button" @click=${this.save}>Save CSV</button>
                <button class="button" type="button" @click=${this.picture}>Save picture</button>`
              : ""
          }
          <span class="grow"></span>
          <button class="button" type="button" data-closes>Close</button>
        </div>
      </div>
    </dialog>`;
  }

  private table(): TemplateResult {
    const data = this.data;
    if (!data?.x.length) return html`<p>There are no values yet.</p>`;
    const rows = thin(data.x.length);
    return html`${rows.length < data.x.length ? html`<p>${rows.length} of ${data.x.length} points, evenly spread.</p>` : ""}
      <div class="table-scroll" tabindex="0" role="region" aria-label="Values, scrolls">
        <table class="table">
          <thead>
            <tr>
              <th scope="col" class="n">at</th>
              ${data.lines.map((line) => html`<th scope="col" class="n">${line.label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) => html`<tr>
                <td class="n">${data.formatX(data.x[row]!)}</td>
                ${data.lines.map((line) => html`<td class="n">${figure(line.y[row], 4)}</td>`)}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(csvOf(this.data!));
      toast({ kind: "ok", text: "Copied." });
    } catch {
      toast({ kind: "warn", text: "This browser does not let the page copy; save the CSV instead." });
    }
  }

  private save(): void {
    download(`${this.fileName()}.csv`, new Blob([csvOf(this.data!)], { type: "text/csv" }));
  }

  private async picture(): Promise<void> {
    const picture = this.canvas && (await pictureOf(this.heading, this.canvas));
    if (picture) download(`${this.fileName()}.png`, picture);
  }

  private fileName(): string {
    return this.heading.toLowerCase().replaceAll(" ", "-");
  }

  private readonly show = (event: Event): void => {
    const { heading, data, canvas } = (event as CustomEvent<Shown>).detail;
    this.heading = heading;
    this.data = data;
    this.canvas = canvas;
    void this.updateComplete.then(() => this.dialog.showModal());
  };
}

/** Indexes of at most MAX_ROWS rows, always with the last row. */
function thin(length: number): number[] {
  if (length <= MAX_ROWS) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: MAX_ROWS }, (_, index) => Math.round((index * (length - 1)) / (MAX_ROWS - 1)));
}

import { html, type PropertyValues, svg, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import uPlot from "uplot";
import { LightElement } from "../components/light-element";
import { figure } from "../format/number";
import { pace } from "../live/pace";
import type { Aligned } from "./align";
import { type ChartData, type Line, shapeOf } from "./data";
import { keyAction } from "./keys";
import type { MarkContext } from "./marks";
import { Palette } from "./palette";
import { plotData, plotOptions, setLineVisible } from "./plot";
import { divisibleRange } from "./range";
import { onZoom, publishZoom, type Range } from "./zoom";

/** Points that the legend looks back for a value when the cursor is on a gap. */
const LEGEND_REACH = 12;
/** Pixels. A narrower plot has no room for lines beside its axes. */
const MIN_WIDTH = 160;
const STALE = "the monitor does not answer, newer points may be missing";

/** A live line chart with zoom, keyboard control and a text alternative. Charts of a `group` share zoom and cursor. */
@customElement("pb-chart")
export class Chart extends LightElement {
  @property() heading = "";
  @property() unit = "";
  @property() group = "page";
  @property({ type: Number }) height = 170;
  @property({ type: Number }) digits = 3;
  @property({ type: Boolean }) log = false;
  /** Fits y to a quantile range of the visible values instead of the extremes. */
  @property({ type: Boolean }) clip = false;
  /** Extends the visible range with new points and marks the newest point. */
  @property({ type: Boolean }) follow = false;
  /** The monitor is unreachable, so newer points may be missing. */
  @property({ type: Boolean, reflect: true }) stale = false;
  /** Text displayed while there is nothing to draw. */
  @property() note = "";
  @property({ attribute: false }) data?: ChartData;

  @state() private cursor: number | null = null;
  @state() private hiddenLines: ReadonlySet<string> = new Set();
  @query(".chart-body") private body!: HTMLElement;

  private plot?: uPlot;
  private palette?: Palette;
  private shape = "";
  private range: Range = null;
  private font = "";
  private onScreen = true;
  /** Whether `data` is newer than what is drawn. */
  private isBehind = false;
  private unsubscribeZoom?: () => void;
  private readonly resizeObserver = new ResizeObserver(([entry]) => this.resize(entry!.contentRect.width));
  private readonly intersectionObserver = new IntersectionObserver(([entry]) =>
    this.setOnScreen(entry!.isIntersecting),
  );

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pb-theme", this.retheme);
    this.unsubscribeZoom = onZoom(this.group, this, (range) => this.show(range));
    this.intersectionObserver.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pb-theme", this.retheme);
    this.unsubscribeZoom?.();
    this.resizeObserver.disconnect();
    this.intersectionObserver.disconnect();
    pace.forget(this);
    this.plot?.destroy();
    this.plot = undefined;
  }

  override render(): TemplateResult {
    const lines = this.data?.lines ?? [];
    const at = this.cursor != null && this.data ? `at ${this.data.formatX(this.data.x[this.cursor]!)}` : "";
    return html`
      <div class="chart-head">
        <h2>${this.heading}</h2>
        <span class="unit">${[this.unit, at].filter(Boolean).join(" · ")}</span>
        ${this.stale ? html`<span class="tag stale">stale<span class="visually-hidden">: ${STALE}</span></span>` : ""}
        <span class="legend">
          ${lines.length === 1 ? html`<b class="single">${this.text(lines[0]!)}</b>` : lines.map((line) => this.legend(line))}
        </span>
        <button class="icon-button" type="button" @click=${this.openTable} aria-label="Show ${this.heading} as a table">
          <svg width="14" height="14" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
            <path d="M2.5 3.5h11v9h-11zM2.5 6.500h11M2.500 9.500h11M6.500 3.500v9" />
          </svg>
        </button>
      </div>
      <div class="chart-body ${this.isEmpty() ? "without-values" : ""}" tabindex="0" role="img" aria-label=${this.summary()} @keydown=${this.onKey}>
        ${this.isEmpty() && this.note ? html`<p class="chart-note">${this.note}</p>` : ""}
      </div>
    `;
  }

  /** Resets the zoom of the whole group. */
  reset(): void {
    this.zoom(null);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!this.palette) {
      this.palette = new Palette(this);
      this.resizeObserver.observe(this.body);
    }
    const rebuild = changed.has("log") || changed.has("clip") || (this.data && shapeOf(this.data) !== this.shape);
    if (rebuild) this.build();
    else if (changed.has("data")) pace.schedule(this, () => this.refresh());
  }

  private legend(line: Line): TemplateResult {
    return html`<button
      type="button"
      aria-pressed=${!this.hiddenLines.has(line.key)}
      title="Show or hide ${line.label}"
      @click=${() => this.toggle(line.key)}
    >
      <svg width="14" height="8" aria-hidden="true">
        ${svg`<line x1="0" x2="14" y1="4" y2="4" stroke="var(${line.color})" stroke-width="2.4"
          stroke-dasharray=${line.dash?.join(" ") ?? "none"} />`}
        ${line.dots ? svg`<circle cx="7" cy="4" r="3" fill="var(${line.color})" />` : ""}
      </svg>
      ${line.label}<b>${this.text(line)}</b>
    </button>`;
  }

  private summary(): string {
    const name = [this.heading, this.unit, this.stale && `stale, ${STALE}`].filter(Boolean).join(", ");
    if (!this.data || this.isEmpty()) return `${name}: ${this.note || "no values yet"}`;
    const values = this.data.lines.map((line) => `${line.label} ${this.text(line)}`).join("; ");
    const bad = this.data.nonfinite?.length ? `; ${this.data.nonfinite.length} values were not finite` : "";
    return `${name}: ${values}${bad}. Arrow keys move the cursor, plus and minus zoom, zero shows everything.`;
  }

  private text(line: Line): string {
    return figure(valueAt(line, this.cursor), this.digits);
  }

  private isEmpty(): boolean {
    return !this.data?.lines.some((line) => line.y.some((value) => value != null));
  }

  private openTable(): void {
    this.dispatchEvent(
      new CustomEvent("pb-chart-table", {
        bubbles: true,
        detail: { heading: this.heading, data: this.data, canvas: this.plot?.ctx.canvas },
      }),
    );
  }

  private toggle(key: string): void {
    const hidden = new Set(this.hiddenLines);
    if (!hidden.delete(key)) hidden.add(key);
    this.hiddenLines = hidden;
    if (this.plot) setLineVisible(this.plot, key, !hidden.has(key));
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.plot || !this.data?.x.length) return;
    const { min, max } = this.plot.scales["x"]!;
    const action = keyAction(event, this.data.x, this.cursor, { min: min!, max: max! });
    if (!action) return;
    event.preventDefault();
    if (action.kind === "zoom") {
      this.zoom(action.range);
      return;
    }
    const x = this.plot.valToPos(this.data.x[action.index]!, "x");
    // The third argument publishes to the other charts. uPlot's types lack it.
    const setCursor = this.plot.setCursor as (
      at: { left: number; top: number },
      fire: boolean,
      publish: boolean,
    ) => void;
    setCursor.call(this.plot, { left: x, top: this.plot.over.clientHeight / 2 }, true, true);
  }

  private zoom(range: Range): void {
    publishZoom(this.group, range, this);
    this.show(range);
    this.dispatchEvent(new CustomEvent<Range>("pb-zoom", { bubbles: true, detail: range }));
  }

  private show(range: Range): void {
    this.range = range;
    const x = this.data?.x;
    if (!this.plot || !x?.length) return;
    this.setView(range ?? { min: x[0]!, max: x.at(-1)! });
  }

  private refresh(): void {
    if (!this.plot || !this.data) return;
    this.isBehind = !this.onScreen;
    if (this.isBehind) return;
    const { min, max } = this.plot.scales["x"]!;
    const kept = this.range ?? (this.follow || min == null || max == null ? null : { min, max });
    this.plot.setData(plotData(this.data, this.log), !kept);
    if (kept) this.setView(kept);
  }

  private setView(range: { min: number; max: number }): void {
    const [min, max] = divisibleRange(range.min, range.max);
    this.plot!.setScale("x", { min, max });
  }

  private setOnScreen(onScreen: boolean): void {
    this.onScreen = onScreen;
    if (onScreen && this.isBehind) pace.schedule(this, () => this.refresh());
  }

  private resize(width: number): void {
    if (this.plot && width > 0)
      this.plot.setSize({ width: Math.max(MIN_WIDTH, Math.floor(width)), height: this.height });
  }

  private readonly retheme = (): void => {
    this.palette?.forget();
    this.build();
  };

  private build(): void {
    if (!this.data || !this.palette || !this.isConnected) return;
    this.plot?.destroy();
    pace.forget(this);
    this.shape = shapeOf(this.data);
    this.font = getComputedStyle(this.body).fontFamily;
    const options = plotOptions({
      width: Math.max(MIN_WIDTH, this.body.clientWidth - 6),
      height: this.height,
      group: this.group,
      log: this.log,
      clip: this.clip,
      context: () => this.context(),
      head: () => (this.follow ? this.data?.lines[0] : undefined),
      onCursor: (index) => {
        this.cursor = index;
      },
      onSelect: (min, max) => this.zoom({ min, max }),
      onReset: () => this.zoom(null),
    });
    this.plot = new uPlot(options, plotData(this.data, this.log), this.body);
    if (this.range) this.setView(this.range);
  }

  private context(): MarkContext {
    return {
      data: this.data!,
      palette: this.palette!,
      hidden: this.hiddenLines,
      digits: this.digits,
      font: this.font,
    };
  }
}

/** The value at the cursor, else the last value. For lines of dots, the last dot at or before the cursor. */
function valueAt(line: Line, cursor: number | null): Aligned {
  const start = cursor ?? line.y.length - 1;
  const reach = cursor == null || line.dots ? Number.POSITIVE_INFINITY : LEGEND_REACH;
  for (let i = start; i >= 0 && start - i < reach; i--) if (line.y[i] != null) return line.y[i];
  return null;
}

declare global {
  interface HTMLElementTagNameMap {
    "pb-chart": Chart;
  }
}

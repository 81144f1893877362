import { html, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { getText } from "../../api/http";
import { logUrl, STREAMS, type Stream } from "../../api/logs";
import { LightElement } from "../light-element";

const TAIL_LINES = 2000;
const REFRESH_MILLISECONDS = 2000;

/** Output of the trainer, one stream at a time. Scrolls to the end while the job runs, unless the user has scrolled up. */
@customElement("pb-logs")
export class Logs extends LightElement {
  /** Job uid. */
  @property() job = "";
  /** Whether the job runs, so that the log is polled while it is open. */
  @property({ type: Boolean }) active = false;
  @property({ type: Boolean }) open = false;

  @state() private stream: Stream = "stdout";
  @state() private text: string | null = null;
  @state() private error = "";
  private timer = 0;
  private pinned = true;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult {
    return html`<div class="panel">
      <header>
        <div class="segments" role="group" aria-label="Stream">
          ${STREAMS.map(
            (stream) => html`<button
              type="button"
              aria-pressed=${stream === this.stream}
              @click=${() => this.choose(stream)}
            >
              ${stream}
            </button>`,
          )}
        </div>
        <span class="sub">last ${TAIL_LINES} lines</span>
        <span class="grow"></span>
        <a class="button ghost" href="${this.url()}" download="${this.job}-${this.stream}.log">Download</a>
      </header>
      <pre class="log" tabindex="0" aria-label="${this.stream} of the trainer" @scroll=${this.onScroll}>${this.shown()}</pre>
    </div>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("open") || changed.has("active") || changed.has("stream")) {
      clearInterval(this.timer);
      if (this.open) void this.load();
      if (this.open && this.active) this.timer = window.setInterval(() => void this.load(), REFRESH_MILLISECONDS);
    }
    if (this.pinned) {
      const log = this.querySelector(".log");
      if (log) log.scrollTop = log.scrollHeight;
    }
  }

  private shown(): string {
    if (this.error) return this.error;
    if (this.text === null) return "Loading…";
    return this.text || `Nothing on ${this.stream} yet.`;
  }

  private url(): string {
    return logUrl(this.job, this.stream);
  }

  private choose(stream: Stream): void {
    this.stream = stream;
    this.text = null;
    this.pinned = true;
  }

  private onScroll(event: Event): void {
    const log = event.target as HTMLElement;
    this.pinned = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  }

  private async load(): Promise<void> {
    if (document.hidden) return;
    const stream = this.stream;
    try {
      const text = await getText(logUrl(this.job, stream, { tail: String(TAIL_LINES) }));
      if (stream !== this.stream) return;
      this.text = text;
      this.error = "";
    } catch (error) {
      this.error = `The log cannot be read: ${(error as Error).message}`;
    }
  }
}

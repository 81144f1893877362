import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type LogPiece, logUrl, readFrom, readTail, STREAMS, type Stream, searchLog } from "../../api/logs";
import { isTerminal } from "../../api/vocabulary";
import { LightElement } from "../light-element";

const FIRST_LINES = 2000;
/** Lines kept in the page; the whole log can be downloaded. */
const MAX_LINES = 5000;
const POLL_MILLISECONDS = 700;
const SEARCH_DEBOUNCE_MILLISECONDS = 300;
const END_TOLERANCE_PIXELS = 24;

/** Output of a command: one stream at a time, polled for new lines, with search over the whole log. */
@customElement("pb-terminal")
export class Terminal extends LightElement {
  /** Job uid. */
  @property() job = "";
  /** Name of the job in file names. */
  @property() name = "";

  @state() private stream: Stream = "stdout";
  @state() private lines: string[] | null = null;
  @state() private earlier = false;
  @state() private follow = true;
  @state() private words = "";
  @state() private found: LogPiece | null = null;
  @state() private error = "";
  private offset = 0;
  private timer = 0;
  private searching = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.replaceChildren();
    void this.load();
    this.timer = window.setInterval(() => void this.load(), POLL_MILLISECONDS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
    clearTimeout(this.searching);
  }

  override render(): TemplateResult {
    return html`<section class="panel terminal" aria-label="Output">
      <header>
        <div class="segments" role="group" aria-label="Stream">
          ${STREAMS.map(
            (
              stream,
            ) => html`<button type="button" aria-pressed=${stream === this.stream} @click=${() => this.choose(stream)}>
              ${stream}
            </button>`,
          )}
        </div>
        <input
          class="input"
          type="search"
          placeholder="Search the log"
          aria-label="Search ${this.stream}"
          maxlength="200"
          .value=${this.words}
          @input=${this.onSearch}
        />
        <span class="grow"></span>
        <button class="toggle" type="button" aria-pressed=${this.follow} @click=${this.toggleFollow}>Follow</button>
        <a class="button ghost" href=${logUrl(this.job, this.stream, { download: "1" })} download="${this.name}.${this.stream}.log"
          >Download</a
        >
      </header>
      ${this.error ? html`<p class="log-note" role="status">${this.error}</p>` : nothing}
      <pre class="log" tabindex="0" aria-label="${this.stream} of the command" @scroll=${this.onScroll}>${this.shown()}</pre>
    </section>`;
  }

  protected override updated(_changed: PropertyValues): void {
    const log = this.querySelector(".log");
    if (log && this.follow && !this.found) log.scrollTop = log.scrollHeight;
  }

  private shown(): string | TemplateResult[] {
    if (this.found) {
      const matches = this.found.matches ?? [];
      if (!matches.length) return `Nothing in ${this.stream} contains “${this.words}”.`;
      const more = this.found.truncated
        ? [html`<span class="line-number">…</span>Only the first lines found are shown.\n`]
        : [];
      return [...matches.map(({ number, text }) => html`<span class="line-number">${number}</span>${text}\n`), ...more];
    }
    if (this.lines === null) return "Loading…";
    if (!this.lines.length)
      return this.running() ? `Nothing on ${this.stream} yet.` : `Nothing was written to ${this.stream}.`;
    return `${this.earlier ? "… earlier lines are in the download\n" : ""}${this.lines.join("\n")}\n`;
  }

  /** Whether the job can still write output, from the state in the refreshed head of the page. */
  private running(): boolean {
    const state = document.querySelector<HTMLElement>("[data-live]")?.dataset["live"];
    return state !== undefined && !isTerminal(state);
  }

  private choose(stream: Stream): void {
    if (stream === this.stream) return;
    this.stream = stream;
    this.lines = null;
    this.found = null;
    this.offset = 0;
    if (this.words) void this.find();
    void this.load();
  }

  private toggleFollow(): void {
    this.follow = !this.follow;
  }

  private onScroll(event: Event): void {
    const log = event.target as HTMLElement;
    if (!this.found) this.follow = log.scrollHeight - log.scrollTop - log.clientHeight < END_TOLERANCE_PIXELS;
  }

  private onSearch(event: Event): void {
    this.words = (event.target as HTMLInputElement).value;
    clearTimeout(this.searching);
    this.searching = window.setTimeout(() => void this.find(), SEARCH_DEBOUNCE_MILLISECONDS);
  }

  private async find(): Promise<void> {
    const { words, stream } = this;
    if (!words) {
      this.found = null;
      return;
    }
    try {
      const found = await searchLog(this.job, stream, words);
      if (words === this.words && stream === this.stream) this.found = found;
    } catch (error) {
      this.error = `The log cannot be searched: ${(error as Error).message}`;
    }
  }

  private async load(): Promise<void> {
    if (document.hidden || (this.lines !== null && !this.error && !this.running() && this.settled)) return;
    const { stream, lines, offset } = this;
    const ended = !this.running();
    try {
      const piece = await (lines === null
        ? readTail(this.job, stream, FIRST_LINES)
        : readFrom(this.job, stream, offset));
      if (stream !== this.stream || offset !== this.offset) return;
      this.error = "";
      this.offset = piece.next_offset;
      this.settled = ended && piece.next_offset >= piece.size_bytes;
      if (lines === null) this.earlier = piece.truncated;
      if (lines !== null && !piece.lines.length) return;
      const all = [...(lines ?? []), ...piece.lines];
      this.earlier ||= all.length > MAX_LINES;
      this.lines = all.slice(-MAX_LINES);
    } catch (error) {
      this.error = `The log cannot be read: ${(error as Error).message} Trying again…`;
    }
  }

  /** Whether the whole log was read after the end of the job. */
  private settled = false;
}

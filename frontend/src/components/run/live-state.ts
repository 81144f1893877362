import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ago, clock } from "../../format/time";
import type { FeedState } from "../../live/feed";
import { LightElement } from "../light-element";

/** State of the feed, or `silent` while the feed is connected but the job does not report. */
export type LiveState = FeedState | "silent";

const WORDS: Record<LiveState, string> = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  polling: "Polling every 3 s",
  offline: "Offline",
  silent: "No report",
  ended: "Final",
};

/** Shows the state and age of live data. Screen readers announce changes of the state only. */
@customElement("pb-live-state")
export class LiveStateBadge extends LightElement {
  @property() state: LiveState = "connecting";
  /** Time of the last envelope, in milliseconds since the epoch; 0 before the first. */
  @property({ attribute: false }) receivedAt = 0;

  @state() private now = Date.now();
  private timer = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = window.setInterval(() => {
      this.now = Date.now();
    }, 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult {
    return html`<span class="live" data-state=${this.state}>
      <span class="live-dot" aria-hidden="true"></span>
      <span role="status">${WORDS[this.state]}</span>
      <span class="live-detail">${this.detail()}</span>
    </span>`;
  }

  private detail(): string {
    if (!this.receivedAt || this.state === "ended" || this.state === "connecting") return "";
    const seconds = (this.now - this.receivedAt) / 1000;
    if (this.state === "offline") return `· last update ${clock(this.receivedAt / 1000)}`;
    if (this.state === "silent") return `for ${ago(seconds).replace(" ago", "")}`;
    return `· updated ${ago(seconds)}`;
  }
}

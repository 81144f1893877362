import { html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { RunEvent } from "../../api/runs";
import type { EventKind, Phase } from "../../api/vocabulary";
import { clock } from "../../format/time";
import { type IconName, icon } from "../icon";
import { LightElement } from "../light-element";

const LOOKS: Partial<Record<EventKind, { icon: IconName; tone: string }>> = {
  evaluation: { icon: "info", tone: "is-info" },
  best: { icon: "star", tone: "is-ok" },
  checkpoint: { icon: "save", tone: "is-info" },
  resumed: { icon: "resume", tone: "is-warn" },
  warning: { icon: "warn", tone: "is-warn" },
  alert: { icon: "warn", tone: "is-err" },
  finished: { icon: "check", tone: "is-ok" },
  failed: { icon: "warn", tone: "is-err" },
};
/** The title of a phase event is the name of its phase. */
const PHASE_TITLES: Record<Phase, string> = {
  prepare: "Preparing data",
  load: "Loading the model",
  train: "Training",
  evaluate: "Evaluating",
  save: "Saving",
};
const PLAIN = { icon: "info", tone: "muted" } as const;

/** Events of a run, newest first. */
@customElement("pb-events")
export class Events extends LightElement {
  @property({ attribute: false }) events: readonly RunEvent[] = [];
  @property({ type: Boolean }) loaded = false;

  override render(): TemplateResult {
    if (!this.events.length) {
      return html`<div class="empty small">
        <p>${this.loaded ? "Evaluations, checkpoints and warnings will appear here." : "Loading…"}</p>
      </div>`;
    }
    const newest = [...this.events].reverse();
    return html`<div class="events-scroll" tabindex="0" role="region" aria-label="Events, newest first">
      <ul class="events">
        ${repeat(
          newest,
          (event) => event.seq,
          (event) => this.item(event),
        )}
      </ul>
    </div>`;
  }

  private item(event: RunEvent): TemplateResult {
    const look = LOOKS[event.kind] ?? PLAIN;
    const title = event.kind === "phase" ? (PHASE_TITLES[event.title as Phase] ?? event.title) : event.title;
    return html`<li>
      <span class=${look.tone}>${icon(look.icon)}</span>
      <p>${title}${event.detail ? html`<small>${event.detail}</small>` : ""}</p>
      <time datetime=${new Date(event.time * 1000).toISOString()}>${clock(event.time)}</time>
    </li>`;
  }
}

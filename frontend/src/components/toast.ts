import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { LightElement } from "./light-element";

export interface ToastMessage {
  kind: "info" | "ok" | "warn" | "err";
  text: string;
}

const LIFETIME_MILLISECONDS = 6000;
const MAX_TOASTS = 4;

/** Shows a short message at the edge of the page. Errors must also be visible elsewhere. */
export function toast(message: ToastMessage): void {
  dispatchEvent(new CustomEvent<ToastMessage>("pb-toast", { detail: message }));
}

@customElement("pb-toasts")
export class Toasts extends LightElement {
  @state() private items: (ToastMessage & { id: number })[] = [];
  private count = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pb-toast", this.add);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pb-toast", this.add);
  }

  override render(): TemplateResult {
    return html`<div class="toasts" role="region" aria-label="Notifications" aria-live="polite">
      ${repeat(
        this.items,
        (item) => item.id,
        (item) => html`<div class="toast" data-kind=${item.kind}>
          <p>${item.text}</p>
          <button class="icon-button" type="button" aria-label="Dismiss" @click=${() => this.drop(item.id)}>×</button>
        </div>`,
      )}
    </div>`;
  }

  private readonly add = (event: Event): void => {
    this.count += 1;
    const item = { id: this.count, ...(event as CustomEvent<ToastMessage>).detail };
    this.items = [...this.items.slice(1 - MAX_TOASTS), item];
    if (item.kind !== "err") setTimeout(() => this.drop(item.id), LIFETIME_MILLISECONDS);
  };

  private drop(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }
}

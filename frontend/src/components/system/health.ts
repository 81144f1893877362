import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { getJson, monitorUrl } from "../../api/http";
import { LightElement } from "../light-element";

const EVERY_MILLISECONDS = 5000;

/** Polls the health of a service from the browser. */
@customElement("pb-health")
export class Health extends LightElement {
  @property() service: "backend" | "monitor" = "backend";
  @state() private status: "asking" | "healthy" | "unhealthy" | "unreachable" = "asking";
  private timer = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
    this.timer = window.setInterval(() => void this.load(), EVERY_MILLISECONDS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult {
    const words = { asking: "Asking…", healthy: "Healthy", unhealthy: "Unhealthy", unreachable: "No answer" };
    const look = { asking: "created", healthy: "completed", unhealthy: "failed", unreachable: "failed" };
    return html`<span class="pill" data-state=${look[this.status]}>${words[this.status]}</span>`;
  }

  private async load(): Promise<void> {
    if (document.hidden) return;
    try {
      const base = this.service === "monitor" ? monitorUrl() : "";
      const health = await getJson<{ status: string }>(`${base}/api/health`);
      this.status = health.status === "healthy" ? "healthy" : "unhealthy";
    } catch (error) {
      this.status = (error as { status?: number }).status ? "unhealthy" : "unreachable";
    }
  }
}

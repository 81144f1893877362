import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { currentResources, type ResourceRecord } from "../../api/resources";
import { figure } from "../../format/number";
import { LightElement } from "../light-element";

const EVERY_MILLISECONDS = 2000;

interface Gauge {
  label: string;
  /** 0 to 100; null when the hardware does not report a value. */
  percent: number | null;
  text: string;
}

/** Gauges of CPU, memory, disk and each GPU of this machine. */
@customElement("pb-machine")
export class Machine extends LightElement {
  @state() private record?: ResourceRecord;
  @state() private error = "";
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
    if (!this.record) {
      return html`<p class="body small muted" role="status">
        ${this.error ? "The monitor does not answer. Trying again…" : "Reading…"}
      </p>`;
    }
    return html`<div class="gauges">${gaugesOf(this.record).map((gauge) => this.gauge(gauge))}</div>`;
  }

  private gauge(gauge: Gauge): TemplateResult {
    return html`<div class="gauge">
      <div class="top"><span>${gauge.label}</span><b>${gauge.text}</b></div>
      <progress class="meter" max="100" .value=${gauge.percent ?? 0} aria-label="${gauge.label}: ${gauge.text}"></progress>
    </div>`;
  }

  private async load(): Promise<void> {
    if (document.hidden) return;
    try {
      this.record = await currentResources();
      this.error = "";
    } catch (error) {
      this.error = (error as Error).message;
      this.record = undefined;
    }
  }
}

function gaugesOf(record: ResourceRecord): Gauge[] {
  const share = (used: number, total: number): number => (total ? (100 * used) / total : 0);
  const size = (used: number, total: number): string => `${figure(used, 1)} of ${figure(total, 1)} GiB`;
  return [
    { label: "CPU", percent: record.cpu_percent, text: `${figure(record.cpu_percent, 0)} %` },
    {
      label: "Memory",
      percent: share(record.ram_used_gb, record.ram_total_gb),
      text: size(record.ram_used_gb, record.ram_total_gb),
    },
    {
      label: "Disk",
      percent: share(record.disk_used_gb, record.disk_total_gb),
      text: size(record.disk_used_gb, record.disk_total_gb),
    },
    ...record.gpus.map((gpu) => ({
      label: `GPU ${gpu.index}`,
      percent: gpu.gpu_percent,
      text:
        gpu.vram_used_gb == null || gpu.vram_total_gb == null
          ? `${figure(gpu.gpu_percent, 0)} %`
          : `${figure(gpu.gpu_percent, 0)} % · ${size(gpu.vram_used_gb, gpu.vram_total_gb)}`,
    })),
  ];
}

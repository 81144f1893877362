import { html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { GpuSample } from "../../api/resources";
import { figure } from "../../format/number";
import { LightElement } from "../light-element";

/** Table of this machine's GPUs: utilization, memory, temperature, power, processes. */
@customElement("pb-gpus")
export class Gpus extends LightElement {
  @property({ attribute: false }) gpus: readonly GpuSample[] = [];
  @property({ type: Boolean }) loaded = false;

  override render(): TemplateResult {
    if (!this.gpus.length) {
      return html`<p class="body small muted">
        ${this.loaded ? "The driver reports no NVIDIA GPU: training runs on the CPU." : "Reading…"}
      </p>`;
    }
    return html`<div class="table-scroll" tabindex="0" role="region" aria-label="GPUs, scrolls sideways">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">GPU</th><th scope="col">Use</th><th scope="col">Memory</th><th scope="col" class="n">Temperature</th>
            <th scope="col" class="n">Power</th><th scope="col">Processes</th>
          </tr>
        </thead>
        <tbody>${this.gpus.map(row)}</tbody>
      </table>
    </div>`;
  }
}

function row(gpu: GpuSample): TemplateResult {
  const share = gpu.vram_used_gb == null || !gpu.vram_total_gb ? 0 : (100 * gpu.vram_used_gb) / gpu.vram_total_gb;
  const name = `GPU ${gpu.index}`;
  return html`<tr>
    <td>${name} <span class="muted">${gpu.name}</span></td>
    <td class="nowrap">
      <progress class="meter" max="100" .value=${gpu.gpu_percent ?? 0} aria-label="Use of ${name}"></progress>
      ${figure(gpu.gpu_percent, 0)} %
    </td>
    <td class="nowrap">
      <progress class="meter" max="100" .value=${share} aria-label="Memory of ${name}"></progress>
      ${figure(gpu.vram_used_gb, 1)} of ${figure(gpu.vram_total_gb, 1)} GiB
    </td>
    <td class="n">${figure(gpu.gpu_temp, 0)} °C</td>
    <td class="n">${figure(gpu.power_watts, 0)} W</td>
    <td>
      ${
        gpu.processes?.length
          ? gpu.processes.map(
              (process) =>
                html`<div>${process.pid} <span class="muted">${figure(process.vram_used_gb, 1)} GiB</span></div>`,
            )
          : html`<span class="muted">none</span>`
      }
    </td>
  </tr>`;
}

import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { addModel, type HubAnswer, type HubModel, searchHub } from "../api/models";
import { whole } from "../format/number";
import { icon } from "./icon";
import { LightElement } from "./light-element";
import { toast } from "./toast";

const DEBOUNCE_MILLISECONDS = 350;
const MIN_LENGTH = 2;

/** Searches the hub and adds models to the collection. While the hub is unreachable, it lists matches of the collection. */
@customElement("pb-hub-search")
export class HubSearch extends LightElement {
  /** Ids of models in the collection, separated by spaces. */
  @property() known = "";

  @state() private text = "";
  @state() private busy = false;
  @state() private answer?: HubAnswer;
  @state() private error = "";
  @state() private added: ReadonlySet<string> = new Set();
  private timer = 0;
  private request?: AbortController;

  override render(): TemplateResult {
    return html`<search class="body">
        <input
          class="input"
          type="search"
          aria-label="Search the model hub"
          placeholder="Search the hub, for example qwen 0.6b"
          autocomplete="off"
          .value=${this.text}
          @input=${this.onInput}
        />
      </search>
      <div role="status" aria-live="polite">${this.results()}</div>`;
  }

  private results(): TemplateResult {
    if (this.error) {
      return html`<div class="body"><div class="notice" data-kind="err">${icon("warn", 16)}<p>${this.error}</p></div></div>`;
    }
    if (this.busy && !this.answer) return html`<p class="body small muted">Searching…</p>`;
    if (!this.answer) {
      return html`<p class="body small muted">
        Any causal language model with a tokenizer can be trained. Weights are fetched when a job needs them.
      </p>`;
    }
    if (this.answer.offline) return this.offline(this.answer.offline, this.answer.models);
    if (!this.answer.models.length)
      return html`<p class="body small muted">The hub knows nothing called “${this.text}”.</p>`;
    return html`<div class="table-scroll">
      <table class="table">
        <tbody>
          ${this.answer.models.map((model) => this.row(model))}
        </tbody>
      </table>
    </div>`;
  }

  private offline(reason: string, local: HubModel[]): TemplateResult {
    const matches = html`<p>In your collection already:</p>
      <ul>
        ${local.map((model) => html`<li><a class="link" href="/jobs/new?model=${encodeURIComponent(model.id)}">${model.name}</a></li>`)}
      </ul>`;
    return html`<div class="empty small">
      ${icon("offline", 28)}
      <h3>The hub is out of reach</h3>
      <p>${reason}.</p>
      ${local.length ? matches : ""}
      <p class="small muted">
        The starter model trains without any network, and a folder with weights can be added by its path below.
      </p>
      <div class="actions"><button class="button" type="button" @click=${() => void this.search()}>Try again</button></div>
    </div>`;
  }

  private row(model: HubModel): TemplateResult {
    const known = this.added.has(model.id) || this.known.split(" ").includes(model.id);
    const numbers = [
      model.parameters,
      model.downloads ? `${whole(model.downloads)} downloads` : "",
      model.likes ? `${whole(model.likes)} likes` : "",
    ];
    return html`<tr>
      <td class="wide"><span class="name">${model.id}</span><span class="second">${numbers.filter(Boolean).join(" · ")}</span></td>
      <td class="end">
        ${
          known
            ? html`<span class="small is-ok">in the collection</span>`
            : html`<button class="button" type="button" aria-label="Add ${model.id}" @click=${() => void this.add(model)}>
                Add
              </button>`
        }
      </td>
    </tr>`;
  }

  private onInput(event: InputEvent): void {
    this.text = (event.target as HTMLInputElement).value;
    clearTimeout(this.timer);
    this.request?.abort();
    if (this.text.trim().length < MIN_LENGTH) {
      this.answer = undefined;
      this.error = "";
      return;
    }
    this.timer = window.setTimeout(() => void this.search(), DEBOUNCE_MILLISECONDS);
  }

  private async search(): Promise<void> {
    this.request = new AbortController();
    const { signal } = this.request;
    this.busy = true;
    this.error = "";
    try {
      this.answer = await searchHub(this.text.trim(), signal);
    } catch (error) {
      if (!signal.aborted) this.error = (error as Error).message;
    } finally {
      if (!signal.aborted) this.busy = false;
    }
  }

  private async add(model: HubModel): Promise<void> {
    try {
      const { message } = await addModel(model);
      this.added = new Set([...this.added, model.id]);
      toast({ kind: "ok", text: message });
      dispatchEvent(new Event("pb-model-added"));
    } catch (error) {
      this.error = (error as Error).message;
    }
  }
}

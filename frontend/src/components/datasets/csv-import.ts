import { html, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import {
  assignRole,
  type CsvPreview,
  type FileReference,
  initialMapping,
  type Mapping,
  missingRoles,
  nameFromFile,
  registerDataset,
  uploadWithPreview,
} from "../../api/datasets";
import { forgetUpload } from "../../api/pieces";
import { bytes, whole } from "../../format/number";
import { icon } from "../icon";
import { LightElement } from "../light-element";
import { findings } from "./csv-findings";
import { previewTable } from "./csv-table";

type Stage = "idle" | "uploading" | "preview" | "saving";

/** Uploads a file, previews its rows, maps its columns and registers the dataset. */
@customElement("pb-csv-import")
export class CsvImport extends LightElement {
  @state() private stage: Stage = "idle";
  @state() private over = false;
  @state() private share = 0;
  @state() private error = "";
  @state() private name = "";
  @state() private preview?: CsvPreview;
  private reference?: FileReference;
  private file?: File;
  @state() private mapping: Partial<Mapping> = {};
  @query("input[type=file]") private chooser!: HTMLInputElement;
  @query(".import-head h2") private heading?: HTMLElement;

  override render(): TemplateResult {
    const failure = this.error
      ? html`<div class="notice" data-kind="err" role="alert">${icon("warn", 16)}<p>${this.error}</p></div>`
      : "";
    const inside = this.preview && this.stage !== "uploading" ? this.checked(this.preview) : this.dropZone();
    return html`<section class="panel import" id="import" aria-label="Import a dataset">
      ${failure}${inside}
      <input type="file" accept=".csv,.jsonl,.ndjson,.parquet,.zip,text/csv" hidden aria-label="Dataset file" @change=${this.onChoose} />
    </section>`;
  }

  private dropZone(): TemplateResult {
    const busy = this.stage === "uploading";
    return html`<div
      class="drop"
      data-over=${this.over}
      @dragover=${this.onDragOver}
      @dragleave=${() => (this.over = false)}
      @drop=${this.onDrop}
    >
      ${icon("upload", 28)}
      <h2>${busy ? "Reading the file…" : "Drop a dataset here"}</h2>
      ${
        busy
          ? html`<progress class="meter" max="1" .value=${this.share} aria-label="Upload"></progress>`
          : html`<p>
                CSV, JSONL, Parquet, or a ZIP of them. Two columns are enough: what goes in, and the answer you want out. Large files
                resume where they stopped.
              </p>
              <div class="actions">
                <button class="button primary" type="button" @click=${() => this.chooser.click()}>Choose a file</button>
              </div>`
      }
    </div>`;
  }

  private checked(preview: CsvPreview): TemplateResult {
    const missing = missingRoles(this.mapping) ?? (this.name.trim() ? null : "Give it a name");
    const saving = this.stage === "saving";
    return html`<div class="import-head">
        <h2 tabindex="-1">${preview.filename}</h2>
        <span class="small muted number">
          ${whole(preview.statistics.total_rows)} rows · ${preview.columns.length} columns ·
          ${bytes(preview.statistics.size_bytes || preview.statistics.file_size_kb * 1024)} · ${preview.encoding}
        </span>
        <span class="grow"></span>
        <button class="button ghost" type="button" @click=${this.restart}>Choose another file</button>
      </div>
      ${this.mappingNotice(preview)} ${findings(preview)}
      ${previewTable(preview, this.mapping, (column, role) => {
        this.mapping = assignRole(this.mapping, column, role);
      })}
      <form class="filters" @submit=${this.onSubmit}>
        <div class="field">
          <label for="dataset-name">Name</label>
          <input
            class="input"
            id="dataset-name"
            maxlength="200"
            required
            .value=${this.name}
            @input=${(event: InputEvent) => (this.name = (event.target as HTMLInputElement).value)}
          />
        </div>
        <span class="grow"></span>
        <button class="button primary large" aria-disabled=${Boolean(missing) || saving}>
          ${saving ? "Registering…" : (missing ?? "Register dataset")}
        </button>
      </form>`;
  }

  private mappingNotice(preview: CsvPreview): TemplateResult {
    if (missingRoles(this.mapping)) {
      return html`<div class="notice" data-kind="warn">
        ${icon("warn", 16)}
        <p><strong>Which column is which?</strong> Choose one column as input and one as output in the table head.</p>
      </div>`;
    }
    const guessed = this.mapping.input !== "input" || this.mapping.output !== "output";
    return html`<div class="notice" data-kind=${guessed ? "info" : "ok"}>
      ${icon(guessed ? "info" : "check", 16)}
      <p>
        ${
          guessed
            ? html`<strong>Please check the mapping.</strong> “${this.mapping.input}” goes in, “${this.mapping.output}” is the
                answer to learn.`
            : html`<strong>Ready.</strong> ${whole(preview.statistics.usable_rows)} rows can be trained on.`
        }
      </p>
    </div>`;
  }

  private onDragOver(event: DragEvent): void {
    event.preventDefault();
    this.over = true;
  }

  private onDrop(event: DragEvent): void {
    event.preventDefault();
    this.over = false;
    const file = event.dataTransfer?.files[0];
    if (file) void this.take(file);
  }

  private onChoose(): void {
    const file = this.chooser.files?.[0];
    this.chooser.value = "";
    if (file) void this.take(file);
  }

  private async take(file: File): Promise<void> {
    this.stage = "uploading";
    this.error = "";
    this.share = 0;
    try {
      const { preview, reference } = await uploadWithPreview(file, (share) => (this.share = share));
      this.preview = preview;
      this.reference = reference;
      this.file = file;
      this.mapping = initialMapping(this.preview);
      this.name = nameFromFile(file.name);
      this.stage = "preview";
      await this.updateComplete;
      this.heading?.focus();
    } catch (error) {
      this.error = (error as Error).message;
      this.preview = undefined;
      this.stage = "idle";
    }
  }

  private async onSubmit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { input, output } = this.mapping;
    if (!this.reference || !input || !output || !this.name.trim() || this.stage === "saving") return;
    this.stage = "saving";
    this.error = "";
    try {
      const { uid } = await registerDataset(this.name.trim(), this.reference, { input, output });
      if (this.file) forgetUpload(this.file);
      location.assign(`/datasets/${uid}`);
    } catch (error) {
      this.error = (error as Error).message;
      this.stage = "preview";
    }
  }

  private restart(): void {
    this.preview = undefined;
    this.error = "";
    this.stage = "idle";
  }
}

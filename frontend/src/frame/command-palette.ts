import { html, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { LightElement } from "../components/light-element";
import { type Command, pageCommands, recordCommands } from "./commands";

/** Search over pages, records and actions. Opens with Ctrl or Cmd + K. */
@customElement("pb-palette")
export class CommandPalette extends LightElement {
  @state() private text = "";
  @state() private selected = 0;
  @state() private commands: Command[] = [];
  @query("dialog") private dialog!: HTMLDialogElement;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.onShortcut);
    addEventListener("pb-palette", this.open);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.onShortcut);
    removeEventListener("pb-palette", this.open);
  }

  override render(): TemplateResult {
    const hits = this.hits();
    return html`<dialog class="palette" aria-label="Command palette" @click=${this.onBackdrop}>
      <input
        type="search"
        role="combobox"
        aria-label="Type a command"
        aria-expanded="true"
        aria-controls="pb-commands"
        aria-activedescendant=${hits.length ? `pb-command-${this.selected}` : ""}
        placeholder="Jump to a page, job, dataset or model…"
        autocomplete="off"
        .value=${this.text}
        @keydown=${this.onKey}
        @input=${this.onInput}
      />
      <ul id="pb-commands" role="listbox" aria-label="Commands">
        ${hits.map(
          (command, index) => html`<li
            id="pb-command-${index}"
            role="option"
            aria-selected=${index === this.selected}
            @click=${() => this.run(command)}
          >
            ${command.label}<small>${command.group}</small>
          </li>`,
        )}
      </ul>
      ${hits.length ? "" : html`<p class="none">Nothing is called “${this.text}”.</p>`}
    </dialog>`;
  }

  readonly open = (): void => {
    this.text = "";
    this.selected = 0;
    this.commands = pageCommands();
    this.dialog.showModal();
    void recordCommands().then((records) => {
      this.commands = [...pageCommands(), ...records];
    });
  };

  private hits(): Command[] {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    return this.commands
      .filter((command) => words.every((word) => `${command.label} ${command.group}`.toLowerCase().includes(word)))
      .slice(0, 30);
  }

  private readonly onShortcut = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    this.open();
  };

  private onBackdrop(event: Event): void {
    if (event.target === this.dialog) this.dialog.close();
  }

  private onInput(event: InputEvent): void {
    this.text = (event.target as HTMLInputElement).value;
    this.selected = 0;
  }

  private onKey(event: KeyboardEvent): void {
    const hits = this.hits();
    if (!hits.length) return;
    if (event.key === "ArrowDown") this.selected = (this.selected + 1) % hits.length;
    else if (event.key === "ArrowUp") this.selected = (this.selected + hits.length - 1) % hits.length;
    else if (event.key === "Enter") this.run(hits[this.selected]!);
    else return;
    event.preventDefault();
    void this.updateComplete.then(() =>
      this.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }),
    );
  }

  private run(command: Command): void {
    this.dialog.close();
    if (command.href) location.assign(command.href);
    else command.action?.();
  }
}

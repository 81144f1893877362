import { registerVersion } from "../../api/datasets";
import { forgetUpload, sendInPieces } from "../../api/pieces";

/** Uploads the file of the next version in resumable pieces with a progress bar. Without scripts the form posts itself. */
export class VersionUpload extends HTMLElement {
  private isSending = false;

  connectedCallback(): void {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const file = this.field("file").files?.[0];
      if (file && !this.isSending) void this.send(file);
    });
  }

  private async send(file: File): Promise<void> {
    this.show({ busy: true });
    try {
      const id = await sendInPieces(file, (share) => (this.meter.value = share));
      const version = await registerVersion(this.dataset["uid"] ?? "", id, this.field("message").value);
      forgetUpload(file);
      if (version !== this.dataset["newest"]) location.assign(location.pathname);
      else this.show({ error: "The newest version has these very bytes; nothing is added." });
    } catch (error) {
      this.show({ error: (error as Error).message });
    }
  }

  private show({ busy = false, error = "" }): void {
    this.isSending = busy;
    this.meter.hidden = !busy;
    this.button.setAttribute("aria-disabled", String(busy));
    this.button.textContent = busy ? "Sending…" : "Add version";
    this.problem.hidden = !error;
    this.problem.querySelector("p")!.textContent = error;
  }

  private get form(): HTMLFormElement {
    return this.querySelector("form")!;
  }

  private field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }

  private get button(): HTMLButtonElement {
    return this.querySelector("button")!;
  }

  private get meter(): HTMLProgressElement {
    return this.querySelector("progress")!;
  }

  private get problem(): HTMLElement {
    return this.querySelector("[role=alert]")!;
  }
}

customElements.define("pb-version-upload", VersionUpload);

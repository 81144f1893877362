/**
 * Dialogs that confirm an irreversible action. The dialog is in the page; a button opens it by
 * `data-opens="<dialog id>"`, and any `[data-closes]` inside closes it. Without script the button submits directly.
 */
export function enableDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset["opens"]!) as HTMLDialogElement | null;
      if (!dialog) return;
      event.preventDefault();
      for (const [name, value] of Object.entries(opener.dataset)) {
        if (name.startsWith("fill")) fill(dialog, name.slice(4).toLowerCase(), value ?? "");
      }
      dialog.showModal();
      return;
    }
    const closer = target.closest("[data-closes]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog")?.close();
    } else if (target instanceof HTMLDialogElement && target.classList.contains("dialog")) {
      target.close();
    }
  });
}

/** Fills a dialog that many rows share: `data-fill-<name>` of the opener is the text or value of `[data-fill="<name>"]`. */
function fill(dialog: HTMLDialogElement, name: string, value: string): void {
  for (const place of dialog.querySelectorAll<HTMLElement>(`[data-fill="${name}"]`)) {
    if (place instanceof HTMLInputElement) place.value = value;
    else if (place instanceof HTMLFormElement) place.action = value;
    else place.textContent = value;
  }
}

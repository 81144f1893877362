/** Light or dark: the system's choice until the reader makes one. A `pb-theme` event tells canvases to repaint. */

/** The other theme, kept for the next visit. */
export function switchTheme(): void {
  const root = document.documentElement;
  const next = isDark() ? "light" : "dark";
  root.dataset["theme"] = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Storage may be off; the choice then lasts for this page.
  }
  announce();
}

/** Repaint when the system changes its mind. */
export function followSystemTheme(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function announce(): void {
  dispatchEvent(new Event("pb-theme"));
}

/** Light or dark: the system's choice until the reader makes one. A `pb-theme` event tells canvases to repaint. */

/** Empty: as the system has it. */
export type Theme = "light" | "dark" | "";

/** The other theme, kept for the next visit. */
export function switchTheme(): void {
  chooseTheme(isDark() ? "light" : "dark");
}

export function chosenTheme(): Theme {
  return (document.documentElement.dataset["theme"] ?? "") as Theme;
}

/** Shows a theme and keeps it for the next visit. */
export function chooseTheme(theme: Theme): void {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
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

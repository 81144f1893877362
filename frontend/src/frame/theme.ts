/** Light or dark theme; follows the system by default. Charts repaint on the `pb-theme` event. */

/** Empty: the theme of the system. */
export type Theme = "light" | "dark" | "";

/** Switches to the other theme and stores the choice. */
export function switchTheme(): void {
  chooseTheme(isDark() ? "light" : "dark");
}

export function chosenTheme(): Theme {
  return (document.documentElement.dataset["theme"] ?? "") as Theme;
}

/** Applies a theme and stores the choice. */
export function chooseTheme(theme: Theme): void {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    // Without storage the choice applies to this page only.
  }
  announce();
}

/** Repaints charts when the system's theme changes. */
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

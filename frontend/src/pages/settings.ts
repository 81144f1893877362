import { connectNotify } from "../frame/notify";
import { chooseTheme, chosenTheme, type Theme } from "../frame/theme";
import { type Axis, keepStandardView, standardView, type View } from "../run/view";

const form = document.querySelector<HTMLFormElement>("#preferences")!;
const kept = document.querySelector<HTMLElement>("#kept")!;

function field<T extends HTMLElement = HTMLInputElement>(name: string): T {
  return form.elements.namedItem(name) as unknown as T;
}

function show(): void {
  const view = standardView();
  field<HTMLSelectElement>("theme").value = chosenTheme();
  field<HTMLSelectElement>("axis").value = view.axis;
  field<HTMLSelectElement>("smoothing").value = String(view.smoothing);
  for (const name of ["log", "clip", "follow"] as const) field(name).checked = view[name];
}

function read(): View {
  return {
    axis: field<HTMLSelectElement>("axis").value as Axis,
    smoothing: Number(field<HTMLSelectElement>("smoothing").value),
    log: field("log").checked,
    clip: field("clip").checked,
    follow: field("follow").checked,
  };
}

form.addEventListener("change", () => {
  keepStandardView(read()); // first, because a change of the theme displays the stored view
  chooseTheme(field<HTMLSelectElement>("theme").value as Theme);
  kept.textContent = "Kept in this browser.";
});

document.querySelector("#forget")?.addEventListener("click", () => {
  keepStandardView(null);
  chooseTheme("");
  show();
  kept.textContent = "Back to the defaults.";
});

addEventListener("pb-theme", show);
connectNotify(document.querySelector<HTMLButtonElement>("#notify"));
show();

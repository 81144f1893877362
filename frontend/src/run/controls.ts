/** Connects the toolbar above the charts. Each control changes the view and the address. */
import type { Chart } from "../charts/chart";
import type { Range } from "../charts/zoom";
import { type Axis, spanLabel, type View, writeView } from "./view";

export function connectControls(initial: View, onChange: (view: View) => void): void {
  let view = initial;
  const bar = document.querySelector<HTMLElement>("#chart-controls")!;
  const axes = bar.querySelectorAll<HTMLButtonElement>("[data-axis]");
  const slider = bar.querySelector<HTMLInputElement>("#smoothing")!;
  const output = bar.querySelector<HTMLOutputElement>("output")!;
  const toggles = bar.querySelectorAll<HTMLButtonElement>("[data-toggle]");
  const reset = bar.querySelector<HTMLButtonElement>("#reset-zoom")!;

  const show = (): void => {
    for (const button of axes) button.setAttribute("aria-pressed", String(button.dataset["axis"] === view.axis));
    for (const button of toggles) button.setAttribute("aria-pressed", String(view[toggleOf(button)]));
    slider.value = String(view.smoothing);
    slider.setAttribute("aria-valuetext", spanLabel(view.smoothing));
    output.textContent = spanLabel(view.smoothing);
  };
  const change = (part: Partial<View>): void => {
    view = { ...view, ...part };
    history.replaceState(history.state, "", location.pathname + writeView(view, location.search) + location.hash);
    show();
    onChange(view);
  };

  for (const button of axes) {
    button.addEventListener("click", () => change({ axis: button.dataset["axis"] as Axis }));
  }
  for (const button of toggles) {
    button.addEventListener("click", () => change({ [toggleOf(button)]: !view[toggleOf(button)] }));
  }
  slider.addEventListener("input", () => change({ smoothing: Number(slider.value) }));
  reset.addEventListener("click", () => document.querySelector<Chart>("pb-chart")?.reset());
  addEventListener("pb-zoom", (event) => {
    reset.hidden = (event as CustomEvent<Range>).detail === null;
  });
  show();
}

function toggleOf(button: HTMLButtonElement): "log" | "clip" | "follow" {
  return button.dataset["toggle"] as "log" | "clip" | "follow";
}

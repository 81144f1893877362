/**
 * The form of a new job: saves the draft on the server on each input and shows the server's validation. Without scripts the
 * same form works one step at a time.
 */

const DEBOUNCE_MILLISECONDS = 250;

/** Validation of the draft, in `data-state` of the receipt. */
interface DraftState {
  errors: Record<string, string>;
  defaults: Record<string, string>;
  missing: string;
  name: string;
}

export function connectForm(form: HTMLFormElement): void {
  let timer = 0;
  let newest = 0;

  const send = async (): Promise<void> => {
    newest += 1;
    const serial = newest;
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    body.set("go", "stay");
    const note = form.querySelector("#draft-note")!;
    try {
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      if (!response.ok) throw new Error(String(response.status));
      const html = await response.text();
      if (serial !== newest) return;
      form.querySelector("#receipt")!.innerHTML = html;
      show(form, stateOf(form));
      note.textContent = "Draft saved.";
    } catch {
      note.textContent = "The draft could not be saved: the server does not answer. It is still on this page.";
    }
  };

  form.addEventListener("input", () => {
    showResets(form);
    showAdapter(form);
    clearTimeout(timer);
    timer = setTimeout(() => void send(), DEBOUNCE_MILLISECONDS);
  });

  form.addEventListener("click", (event) => {
    const reset = (event.target as Element).closest("[data-reset]");
    const field = reset?.closest<HTMLElement>("[data-field]");
    if (!field) return;
    const control = controlOf(field);
    setValue(control, field.dataset["default"] ?? "");
    control.focus();
    control.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // A link to another step submits the current one.
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-go]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const button = document.createElement("button");
      button.hidden = true;
      button.name = "go";
      button.value = link.dataset["go"] ?? "";
      form.append(button);
      form.requestSubmit(button);
      button.remove();
    });
  }

  show(form, stateOf(form));
}

function stateOf(form: HTMLFormElement): DraftState {
  return JSON.parse(form.querySelector<HTMLElement>("#receipt [data-state]")!.dataset["state"]!) as DraftState;
}

function show(form: HTMLFormElement, state: DraftState): void {
  for (const field of form.querySelectorAll<HTMLElement>("[data-field]")) {
    const name = field.dataset["field"] ?? "";
    followDefault(field, state.defaults[name] ?? "");
    const error = field.querySelector<HTMLElement>(".error")!;
    error.textContent = state.errors[name] ?? "";
    error.hidden = !error.textContent;
    if (error.hidden) controlOf(field).removeAttribute("aria-invalid");
    else controlOf(field).setAttribute("aria-invalid", "true");
  }
  const start = form.querySelector("#start")!;
  start.textContent = state.missing || "Start training";
  const readiness = form.querySelector<HTMLElement>("#readiness")!;
  readiness.textContent = state.missing ? "Not ready" : "Ready";
  readiness.dataset["state"] = state.missing ? "created" : "completed";
  showResets(form);
  showAdapter(form);
}

/** Updates a field that has its default value when the default changes, for example with the method. */
function followDefault(field: HTMLElement, standard: string): void {
  const before = field.dataset["default"] ?? "";
  if (standard === before) return;
  if (textOf(controlOf(field)) === before) setValue(controlOf(field), standard);
  field.dataset["default"] = standard;
  const words = field.querySelector("[data-standard]");
  if (words) words.textContent = standard;
}

function showResets(form: HTMLFormElement): void {
  for (const field of form.querySelectorAll<HTMLElement>("[data-field]")) {
    const reset = field.querySelector<HTMLElement>("[data-reset]");
    if (reset) reset.hidden = textOf(controlOf(field)) === (field.dataset["default"] ?? "");
  }
}

function showAdapter(form: HTMLFormElement): void {
  const method = form.querySelector<HTMLInputElement>("input[name=method]:checked");
  for (const part of form.querySelectorAll<HTMLElement>("[data-adapter-only]")) part.hidden = method?.value === "full";
}

function controlOf(field: HTMLElement): HTMLInputElement | HTMLSelectElement {
  return field.querySelector<HTMLInputElement | HTMLSelectElement>("input, select")!;
}

function isCheckbox(control: HTMLInputElement | HTMLSelectElement): control is HTMLInputElement {
  return control instanceof HTMLInputElement && control.type === "checkbox";
}

function textOf(control: HTMLInputElement | HTMLSelectElement): string {
  if (isCheckbox(control)) return control.checked ? "yes" : "";
  return control.value.trim();
}

function setValue(control: HTMLInputElement | HTMLSelectElement, value: string): void {
  if (isCheckbox(control)) control.checked = value === "yes";
  else control.value = value;
}

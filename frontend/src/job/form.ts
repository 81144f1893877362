/** The new-job form: keeps the receipt true and lets the button say what is missing. Works on the server's markup. */
import { figure, whole } from "../format/number";
import { defaultMethod, defaultRate, type Plan, planOf } from "./plan";

interface Choice {
  value: string;
  data: DOMStringMap;
}

export function connectForm(form: HTMLFormElement): void {
  let nameIsOurs = !field(form, "name").value;
  let methodIsOurs = !choice(form, "method");

  const update = (): void => {
    const dataset = choice(form, "dataset");
    const model = choice(form, "model");
    if (model && methodIsOurs) choose(form, "method", defaultMethod(model.data["source"] ?? ""));
    const method = choice(form, "method");
    const rate = field(form, "learning_rate");
    const standard = defaultRate(method?.value ?? "lora", model?.data["source"] ?? "");
    rate.placeholder = String(standard);
    if (nameIsOurs)
      field(form, "name").value = dataset && model ? `${dataset.data["name"]} on ${model.data["name"]}` : "";
    for (const part of form.querySelectorAll<HTMLElement>("[data-adapter-only]"))
      part.hidden = method?.value === "full";
    const wrong = markWrong(form);
    const plan = dataset && !wrong ? planOfForm(form, Number(dataset.data["rows"])) : null;
    fillReceipt(form, { dataset, model, method, plan, rate: Number(rate.value) || standard });
    showButton(form, missing(form, dataset, model, method, wrong));
    countChanged(form);
  };

  form.addEventListener("input", (event) => {
    const name = (event.target as HTMLInputElement).name;
    if (name === "name") nameIsOurs = false;
    if (name === "method") methodIsOurs = false;
    update();
  });
  form.addEventListener("submit", (event) => {
    const button = form.querySelector("#start")!;
    if (button.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      focusMissing(form);
    }
  });
  update();
}

function field(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

function choice(form: HTMLFormElement, name: string): Choice | null {
  const chosen = form.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`);
  return chosen ? { value: chosen.value, data: chosen.dataset } : null;
}

function choose(form: HTMLFormElement, name: string, value: string): void {
  const radio = form.querySelector<HTMLInputElement>(`input[name="${name}"][value="${value}"]`);
  if (radio && !radio.disabled) radio.checked = true;
}

function numberOf(form: HTMLFormElement, name: string, standard: number): number {
  const text = field(form, name).value.trim();
  return text ? Number(text) : standard;
}

function planOfForm(form: HTMLFormElement, rows: number): Plan {
  const optional = (name: string): number | null => numberOf(form, name, 0) || null;
  return planOf({
    rows,
    validationShare: numberOf(form, "validation_split", 0.1),
    batchSize: numberOf(form, "batch_size", 8),
    accumulation: numberOf(form, "gradient_accumulation_steps", 1),
    epochs: numberOf(form, "epochs", 3),
    maxSteps: optional("max_steps"),
    evalSteps: optional("eval_steps"),
  });
}

/** Marks numbers outside their bounds; returns the label of the first. */
function markWrong(form: HTMLFormElement): string | null {
  let first: string | null = null;
  for (const input of form.querySelectorAll<HTMLInputElement>("input[data-low]")) {
    const text = input.value.trim();
    const value = Number(text);
    const low = Number(input.dataset["low"] || Number.NEGATIVE_INFINITY);
    const high = Number(input.dataset["high"] || Number.POSITIVE_INFINITY);
    const fits = !text
      ? input.dataset["default"] === ""
      : Number.isFinite(value) &&
        value >= low &&
        value <= high &&
        (input.dataset["kind"] !== "whole" || Number.isInteger(value));
    if (fits) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
    if (!fits) first ??= input.labels?.[0]?.textContent ?? input.name;
  }
  return first;
}

function missing(
  form: HTMLFormElement,
  dataset: Choice | null,
  model: Choice | null,
  method: Choice | null,
  wrong: string | null,
): string | null {
  if (!dataset) return "Choose a dataset";
  if (!model) return "Choose a model";
  if (!method) return "Choose a method";
  if (wrong) return `Check “${wrong}”`;
  if (!field(form, "name").value.trim()) return "Give the job a name";
  return null;
}

function showButton(form: HTMLFormElement, lacking: string | null): void {
  const button = form.querySelector<HTMLButtonElement>("#start")!;
  button.textContent = lacking ?? "Start training";
  button.setAttribute("aria-disabled", String(lacking !== null));
  const state = form.querySelector<HTMLElement>("[data-receipt=state]")!;
  state.textContent = lacking ? "Not ready" : "Ready";
  state.dataset["state"] = lacking ? "created" : "completed";
}

/** Takes the reader to what the button names. */
function focusMissing(form: HTMLFormElement): void {
  const target =
    (choice(form, "dataset") ? null : form.querySelector<HTMLElement>("input[name=dataset]")) ??
    (choice(form, "model") ? null : form.querySelector<HTMLElement>("input[name=model]")) ??
    (choice(form, "method") ? null : form.querySelector<HTMLElement>("input[name=method]")) ??
    form.querySelector<HTMLElement>("[aria-invalid=true]") ??
    field(form, "name");
  target.closest("details")?.setAttribute("open", "");
  target.focus();
}

function fillReceipt(
  form: HTMLFormElement,
  known: { dataset: Choice | null; model: Choice | null; method: Choice | null; plan: Plan | null; rate: number },
): void {
  const put = (name: string, text: string): void => {
    form.querySelector(`[data-receipt="${name}"]`)!.textContent = text;
  };
  const { plan } = known;
  put("dataset", known.dataset?.data["name"] ?? "–");
  put("model", known.model?.data["name"] ?? "–");
  put("method", known.method?.data["name"] ?? "–");
  put("rate", figure(known.rate));
  put("rows", plan ? `${whole(plan.trainingRows)} + ${whole(plan.validationRows)} held out` : "–");
  const size = numberOf(form, "batch_size", 8);
  const accumulation = numberOf(form, "gradient_accumulation_steps", 1);
  put("batch", accumulation > 1 ? `${size} × ${accumulation} = ${size * accumulation} rows` : `${size} rows`);
  put(
    "evaluations",
    plan ? (plan.validationRows ? `${plan.evaluations} and one before` : "none, nothing held out") : "–",
  );
  put("steps", plan ? `${whole(plan.steps)} steps` : "–");
  put("steps-note", plan ? stepsNote(form, plan) : "Choose data and model to see the steps.");
  const caution = form.querySelector<HTMLElement>("[data-receipt=caution]")!;
  caution.textContent = cautionOf(known.model, known.method, plan);
  caution.hidden = !caution.textContent;
}

function stepsNote(form: HTMLFormElement, plan: Plan): string {
  if (field(form, "max_steps").value.trim())
    return `as given; ${figure(plan.steps / plan.stepsPerEpoch, 1)} passes over the rows`;
  return `${numberOf(form, "epochs", 3)} × ${whole(plan.stepsPerEpoch)} steps per pass over the rows`;
}

function cautionOf(model: Choice | null, method: Choice | null, plan: Plan | null): string {
  if (model?.data["source"] === "starter" && method && method.value !== "full") {
    return "The starter model knows nothing yet: an adapter has little to adapt. Full training works better.";
  }
  if (plan && plan.steps < 20)
    return "Very few steps: the model will hardly change. More epochs or a smaller batch help.";
  return "";
}

function countChanged(form: HTMLFormElement): void {
  const inputs = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("details [data-default]")];
  const changed = inputs.filter((input) => {
    const value =
      input instanceof HTMLInputElement && input.type === "checkbox"
        ? input.checked
          ? "yes"
          : ""
        : input.value.trim();
    return value !== input.dataset["default"];
  }).length;
  form.querySelector("#changed-count")!.textContent = changed ? `${changed} changed` : "";
}

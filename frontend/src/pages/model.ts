/** Asks a model questions without reloading its page. */
import { ApiError } from "../api/http";
import { askModel } from "../api/question";
import { figure } from "../format/number";

const form = document.querySelector<HTMLFormElement>("#ask");
const list = document.querySelector<HTMLOListElement>("#exchanges");

function line(parent: HTMLElement, tag: string, className: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  parent.append(element);
  return element;
}

async function ask(question: string, item: HTMLLIElement): Promise<void> {
  const answer = line(item, "p", "answer muted", "Thinking…");
  try {
    const found = await askModel(form?.dataset["model"] ?? "", question);
    answer.textContent = found.answer || "(nothing)";
    answer.className = "answer";
    line(item, "small", "muted", `${found.tokens} tokens in ${figure(found.seconds, 1)} s`);
  } catch (error) {
    answer.textContent = error instanceof ApiError ? error.message : String(error);
    answer.className = "answer is-err";
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = form.querySelector("textarea")!;
  const question = field.value.trim();
  if (!question || !list) return;
  const item = document.createElement("li");
  line(item, "p", "asked", question);
  list.append(item);
  field.value = "";
  const button = form.querySelector("button")!;
  button.setAttribute("aria-disabled", "true");
  void ask(question, item).finally(() => button.removeAttribute("aria-disabled"));
});

form?.querySelector("textarea")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (form.querySelector("button[aria-disabled]")) return;
  form.requestSubmit();
});

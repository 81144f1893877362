/**
 * Disables what a viewer may not do and gives the reason. The services enforce the permissions; this only saves a request.
 *
 * Buttons stay focusable, so that a screen reader can read the reason. Forms that change the own account have `data-own`.
 */
const CHANGES = 'form[method="post"]:not([data-own]) button, button[data-opens], button[data-post]';
const REASON = "Your role is viewer: an admin can give you another";

export function explainPermissions(): void {
  if (document.documentElement.dataset["role"] !== "viewer") return;
  disableChanges();
  new MutationObserver(disableChanges).observe(document.body, { childList: true, subtree: true });
  for (const kind of ["click", "submit"]) document.addEventListener(kind, refuse, { capture: true });
}

function disableChanges(): void {
  for (const button of document.querySelectorAll<HTMLElement>(CHANGES)) {
    if (button.ariaDisabled === "true") continue;
    button.ariaDisabled = "true";
    button.title = REASON;
    button.setAttribute("aria-describedby", "role-notice");
  }
}

function refuse(event: Event): void {
  const refused = event.type === "click" ? (event.target as Element).closest(`:is(${CHANGES})`) : refusedForm(event);
  if (!refused) return;
  event.preventDefault();
  event.stopPropagation();
}

/** The Enter key submits a form without its button. */
function refusedForm(event: Event): Element | null {
  const form = event.target as HTMLFormElement;
  return form.method === "post" && !("own" in form.dataset) ? form : null;
}

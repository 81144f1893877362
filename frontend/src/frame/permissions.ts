/**
 * What a viewer may not do is off and says why. The services refuse it anyway; this only saves the way there.
 *
 * Buttons stay focusable, so that a screen reader can read the reason. Forms about oneself carry `data-own`.
 */
const CHANGES = 'form[method="post"]:not([data-own]) button, button[data-opens], button[data-post]';
const REASON = "Your role is viewer: an admin can give you another";

export function explainPermissions(): void {
  if (document.documentElement.dataset["role"] !== "viewer") return;
  mark();
  new MutationObserver(mark).observe(document.body, { childList: true, subtree: true });
  for (const kind of ["click", "submit"]) document.addEventListener(kind, refuse, { capture: true });
}

function mark(): void {
  for (const button of document.querySelectorAll<HTMLElement>(CHANGES)) {
    if (button.ariaDisabled === "true") continue;
    button.ariaDisabled = "true";
    button.title = REASON;
    button.setAttribute("aria-describedby", "role-notice");
  }
}

function refuse(event: Event): void {
  const off = event.type === "click" ? (event.target as Element).closest(`:is(${CHANGES})`) : ownerOf(event);
  if (!off) return;
  event.preventDefault();
  event.stopPropagation();
}

/** A form can be sent without its button: by the Enter key. */
function ownerOf(event: Event): Element | null {
  const form = event.target as HTMLFormElement;
  return form.method === "post" && !("own" in form.dataset) ? form : null;
}

/** Desktop notifications when a job ends, for users who turned them on, while the job's page is open. */

const KEY = "notify";

/** Connects the button that turns notifications on and off. Without browser support the button stays hidden. */
export function connectNotify(button: HTMLButtonElement | null): void {
  if (!button || !("Notification" in window) || !window.isSecureContext) return;
  const show = (): void => {
    const on = isEnabled();
    button.hidden = false;
    button.setAttribute("aria-pressed", String(on));
    button.title = Notification.permission === "denied" ? "This browser blocks notifications of this page" : "";
    button.disabled = Notification.permission === "denied";
  };
  button.addEventListener("click", async () => {
    const allowed = isEnabled() ? "default" : await Notification.requestPermission();
    localStorage.setItem(KEY, allowed === "granted" ? "1" : "0");
    show();
  });
  show();
}

/** Shows a notification if notifications are on and the page is hidden. */
export function notifyOfEnd(name: string, words: string): void {
  if (!isEnabled() || !document.hidden) return;
  const note = new Notification(name, { body: words, tag: location.pathname });
  note.onclick = () => {
    window.focus();
    note.close();
  };
}

function isEnabled(): boolean {
  return localStorage.getItem(KEY) === "1" && Notification.permission === "granted";
}

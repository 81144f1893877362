/** A notification of the system when a job ends: only for those who ask for it, and only while its page is open. */

const KEY = "notify";

/** Connects the button that asks; without notifications in this browser it stays hidden. */
export function connectNotify(button: HTMLButtonElement | null): void {
  if (!button || !("Notification" in window) || !window.isSecureContext) return;
  const show = (): void => {
    const on = isWanted();
    button.hidden = false;
    button.setAttribute("aria-pressed", String(on));
    button.title = Notification.permission === "denied" ? "This browser blocks notifications of this page" : "";
    button.disabled = Notification.permission === "denied";
  };
  button.addEventListener("click", async () => {
    const allowed = isWanted() ? "default" : await Notification.requestPermission();
    localStorage.setItem(KEY, allowed === "granted" ? "1" : "0");
    show();
  });
  show();
}

/** Tells that the job has ended, if that was asked for and nobody is looking. */
export function notifyOfEnd(name: string, words: string): void {
  if (!isWanted() || !document.hidden) return;
  const note = new Notification(name, { body: words, tag: location.pathname });
  note.onclick = () => {
    window.focus();
    note.close();
  };
}

function isWanted(): boolean {
  return localStorage.getItem(KEY) === "1" && Notification.permission === "granted";
}

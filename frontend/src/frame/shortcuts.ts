/** Keyboard shortcuts of every page: `g` and a letter open a page, `j` and `k` move through a list. */

const PLACES: Record<string, string> = {
  o: "/",
  d: "/datasets",
  m: "/models",
  j: "/jobs",
  n: "/jobs/new",
  q: "/queue",
  e: "/experiments",
  r: "/runs",
  c: "/compare",
  s: "/system",
};
const WAIT_MILLISECONDS = 1200;

export function enableShortcuts(): void {
  let waitingSince = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const place = PLACES[event.key];
    if (place && Date.now() - waitingSince < WAIT_MILLISECONDS) {
      event.preventDefault();
      location.assign(place);
      return;
    }
    waitingSince = event.key === "g" ? Date.now() : 0;
    if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1, event);
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Focuses the next or the previous entry of the page's list, by default the first or the last. */
function walk(by: 1 | -1, event: KeyboardEvent): void {
  const entries = [...document.querySelectorAll<HTMLAnchorElement>("main .table tbody a.name, main .job-card h3 a")];
  if (!entries.length) return;
  const at = entries.indexOf(document.activeElement as HTMLAnchorElement);
  const next = at < 0 ? (by > 0 ? 0 : entries.length - 1) : Math.min(Math.max(at + by, 0), entries.length - 1);
  event.preventDefault();
  entries[next]!.focus();
}

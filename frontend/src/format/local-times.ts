import { clock } from "./time";

/** Rewrites `<time data-local>` elements from UTC to local time, also those that are added later. */
export function localizeTimes(): void {
  rewrite(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node instanceof Element) rewrite(node);
    }
  }).observe(document.body, { childList: true, subtree: true });
}

function rewrite(root: Document | Element): void {
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[data-local]")) {
    const seconds = Date.parse(time.dateTime) / 1000;
    if (Number.isFinite(seconds)) time.textContent = clock(seconds);
  }
}

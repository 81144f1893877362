import { toLogin } from "../frame/session";

/**
 * Refreshes a server-rendered region: fetches the page again and replaces children by `data-key` where they changed. A list with
 * other keys is replaced as a whole. What has the focus is not replaced.
 */
export class Refresh extends HTMLElement {
  private timer = 0;
  /** The last HTML from the server, by key; components have changed the page since. */
  private served: ReadonlyMap<string, string> = new Map();
  private servedWhole = "";

  connectedCallback(): void {
    const seconds = Number(this.getAttribute("every") ?? 3);
    this.timer = window.setInterval(() => {
      if (!document.hidden && this.hasAttribute("active")) void this.reload();
    }, seconds * 1000);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
  }

  async reload(): Promise<void> {
    let page: Document;
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "include" });
      if (response.redirected && new URL(response.url).pathname === "/login") toLogin();
      if (!response.ok) return;
      page = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return; // The next interval tries again.
    }
    const fresh = page.getElementById(this.id);
    if (!fresh) return;
    this.toggleAttribute("active", fresh.hasAttribute("active"));
    const current = elementsByKey(this);
    const incoming = elementsByKey(fresh);
    const served = new Map([...incoming].map(([key, element]) => [key, element.outerHTML]));
    if (current.size && sameKeys(current, incoming)) this.replaceRows(current, incoming, served);
    else if (!this.contains(document.activeElement)) this.replaceAll(fresh);
    this.served = served;
  }

  private replaceRows(current: Rows, incoming: Rows, served: ReadonlyMap<string, string>): void {
    for (const [key, element] of current) {
      if (served.get(key) === this.served.get(key) || element.contains(document.activeElement)) continue;
      const next = incoming.get(key)!;
      moveKeptElements(element, next);
      element.replaceWith(next);
    }
  }

  private replaceAll(fresh: HTMLElement): void {
    const html = fresh.innerHTML;
    if (html === this.servedWhole) return;
    this.servedWhole = html;
    moveKeptElements(this, fresh);
    this.replaceChildren(...fresh.childNodes);
  }
}

type Rows = ReadonlyMap<string, HTMLElement>;

/** Moves elements with `data-keep`, which render themselves, into the new HTML, where they would be empty. */
function moveKeptElements(from: HTMLElement, to: HTMLElement): void {
  for (const part of from.querySelectorAll<HTMLElement>("[data-keep]")) {
    to.querySelector(`[data-keep="${part.dataset["keep"]}"]`)?.replaceWith(part);
  }
}

function sameKeys(a: Rows, b: Rows): boolean {
  return [...a.keys()].join("\n") === [...b.keys()].join("\n");
}

function elementsByKey(root: HTMLElement): Rows {
  return new Map(
    [...root.querySelectorAll<HTMLElement>("[data-key]")].map((element) => [element.dataset["key"]!, element]),
  );
}

customElements.define("pb-refresh", Refresh);

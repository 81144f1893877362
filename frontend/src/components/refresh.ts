import { toLogin } from "../frame/session";

/**
 * Keeps a server-rendered region fresh: fetches the page again and exchanges what changed, child by `data-key`. Rows keep their
 * place under the pointer and the focus; a list with other members is exchanged as a whole, but not while someone is in it.
 */
export class Refresh extends HTMLElement {
  private timer = 0;
  /** What the server sent last: the page itself has changed since, where components drew. */
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
      return; // The next round tries again; the region keeps its last known numbers.
    }
    const fresh = page.getElementById(this.id);
    if (!fresh) return;
    this.toggleAttribute("active", fresh.hasAttribute("active"));
    const mine = keyed(this);
    const theirs = keyed(fresh);
    const served = new Map([...theirs].map(([key, element]) => [key, element.outerHTML]));
    if (mine.size && sameKeys(mine, theirs)) this.exchangeRows(mine, theirs, served);
    else if (!this.contains(document.activeElement)) this.exchangeAll(fresh);
    this.served = served;
  }

  private exchangeRows(mine: Rows, theirs: Rows, served: ReadonlyMap<string, string>): void {
    for (const [key, element] of mine) {
      if (served.get(key) === this.served.get(key) || element.contains(document.activeElement)) continue;
      const next = theirs.get(key)!;
      keep(element, next);
      element.replaceWith(next);
    }
  }

  private exchangeAll(fresh: HTMLElement): void {
    const html = fresh.innerHTML;
    if (html === this.servedWhole) return;
    this.servedWhole = html;
    keep(this, fresh);
    this.replaceChildren(...fresh.childNodes);
  }
}

type Rows = ReadonlyMap<string, HTMLElement>;

/** Parts that draw themselves (`data-keep`) move over as they are: the fresh copy would start empty. */
function keep(from: HTMLElement, to: HTMLElement): void {
  for (const part of from.querySelectorAll<HTMLElement>("[data-keep]")) {
    to.querySelector(`[data-keep="${part.dataset["keep"]}"]`)?.replaceWith(part);
  }
}

function sameKeys(a: Rows, b: Rows): boolean {
  return [...a.keys()].join("\n") === [...b.keys()].join("\n");
}

function keyed(root: HTMLElement): Rows {
  return new Map(
    [...root.querySelectorAll<HTMLElement>("[data-key]")].map((element) => [element.dataset["key"]!, element]),
  );
}

customElements.define("pb-refresh", Refresh);

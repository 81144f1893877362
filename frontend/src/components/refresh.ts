/**
 * Keeps a server-rendered region fresh: fetches the page again and exchanges what changed, child by `data-key`. Rows keep their
 * place under the pointer and the focus; a list with other members is exchanged as a whole, but not while someone is in it.
 */
export class Refresh extends HTMLElement {
  private timer = 0;

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
    if ([...mine.keys()].join("\n") === [...theirs.keys()].join("\n") && mine.size) {
      for (const [key, element] of mine) {
        const next = theirs.get(key)!;
        if (element.outerHTML !== next.outerHTML && !element.contains(document.activeElement))
          element.replaceWith(next);
      }
    } else if (!this.contains(document.activeElement) && this.innerHTML !== fresh.innerHTML) {
      this.replaceChildren(...fresh.childNodes);
    }
  }
}

function keyed(root: HTMLElement): Map<string, HTMLElement> {
  return new Map(
    [...root.querySelectorAll<HTMLElement>("[data-key]")].map((element) => [element.dataset["key"]!, element]),
  );
}

customElements.define("pb-refresh", Refresh);

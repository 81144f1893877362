/**
 * Tabs as links: without scripts `?tab=name` loads the page, with scripts a click shows another `[data-tab]` panel of the document,
 * so that live charts stay. Dispatches `pb-tab` with the name of the tab on the window.
 */
export class Tabs extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.onClick);
    addEventListener("popstate", this.onPop);
  }

  disconnectedCallback(): void {
    removeEventListener("popstate", this.onPop);
  }

  private readonly onClick = (event: Event): void => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-shows]");
    const mouse = event as MouseEvent;
    if (!link || mouse.metaKey || mouse.ctrlKey || mouse.shiftKey) return;
    event.preventDefault();
    const query = new URLSearchParams(location.search);
    query.set("tab", link.dataset["shows"]!);
    history.pushState(null, "", `?${query}`);
    this.show(link.dataset["shows"]!);
  };

  private readonly onPop = (): void => {
    const first = this.querySelector<HTMLElement>("[data-shows]")?.dataset["shows"] ?? "";
    this.show(new URLSearchParams(location.search).get("tab") ?? first);
  };

  private show(name: string): void {
    for (const link of this.querySelectorAll<HTMLElement>("[data-shows]")) {
      if (link.dataset["shows"] === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    for (const panel of document.querySelectorAll<HTMLElement>("[data-tab]"))
      panel.hidden = panel.dataset["tab"] !== name;
    dispatchEvent(new CustomEvent("pb-tab", { detail: name }));
  }
}

customElements.define("pb-tabs", Tabs);

/** Fetches slow HTML from `src` after the page has loaded. */
export class Fragment extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const address = this.getAttribute("src");
    if (!address) return;
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" }, credentials: "include" });
      if (!response.ok) throw new Error(String(response.status));
      this.innerHTML = await response.text();
    } catch {
      this.textContent = "This part could not be loaded. Reload the page to try again.";
    }
  }
}

customElements.define("pb-fragment", Fragment);

/** Colours for a canvas, which cannot resolve `var()` or `light-dark()` itself. */
export class Palette {
  private readonly probe = document.createElement("span");
  private readonly known = new Map<string, string>();

  constructor(host: HTMLElement) {
    this.probe.hidden = true;
    host.append(this.probe);
  }

  /** A token's colour as the page shows it now. */
  color(token: string, alpha = 1): string {
    let color = this.known.get(token);
    if (!color) {
      this.probe.style.color = `var(${token})`;
      color = getComputedStyle(this.probe).color;
      this.known.set(token, color);
    }
    return alpha === 1 ? color : color.replace(/^rgb\(([^)]+)\)$/, `rgba($1, ${alpha})`);
  }

  /** After the theme changed. */
  forget(): void {
    this.known.clear();
  }
}

/** Resolves colour tokens for a canvas, which knows neither `var()` nor `light-dark()`. */
export class Palette {
  private readonly probe = document.createElement("span");
  private readonly known = new Map<string, string>();

  constructor(host: HTMLElement) {
    this.probe.hidden = true;
    host.append(this.probe);
  }

  /** The computed colour of a token in the current theme. */
  color(token: string, alpha = 1): string {
    let color = this.known.get(token);
    if (!color) {
      this.probe.style.color = `var(${token})`;
      color = getComputedStyle(this.probe).color;
      this.known.set(token, color);
    }
    return alpha === 1 ? color : color.replace(/^rgb\(([^)]+)\)$/, `rgba($1, ${alpha})`);
  }

  /** Discards cached colours, after a change of the theme. */
  forget(): void {
    this.known.clear();
  }
}

import { LitElement } from "lit";

/** Base class of components. Renders without a shadow root, so that the page's styles, labels and forms apply. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

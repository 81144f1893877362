import { LitElement } from "lit";

/** Base of every component: renders into the page itself, so that the one stylesheet, labels and forms apply. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

import "../components/hub-search";
import type { Refresh } from "../components/refresh";

addEventListener("pb-model-added", () => void document.querySelector<Refresh>("#models")?.reload());

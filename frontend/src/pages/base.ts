import "../styles/app.css";
import "../frame/command-palette";
import "../components/refresh";
import "../components/toast";
import { enableDialogs } from "../components/confirm";
import { localizeTimes } from "../format/local-times";
import { explainPermissions } from "../frame/permissions";
import { enableShortcuts } from "../frame/shortcuts";
import { followSystemTheme, switchTheme } from "../frame/theme";

explainPermissions();
enableDialogs();
enableShortcuts();
followSystemTheme();
localizeTimes();

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target.closest("[data-theme-toggle]")) switchTheme();
  if (target.closest("[data-palette]")) dispatchEvent(new Event("pb-palette"));
});

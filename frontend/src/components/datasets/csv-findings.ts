import { html, nothing, type TemplateResult } from "lit";
import type { CsvIssue, CsvPreview } from "../../api/datasets";
import { whole } from "../../format/number";
import { icon } from "../icon";

const SHOWN = 8;

/** Issues of a file, by line. The first few are visible, the others are in a disclosure. */
export function findings(preview: CsvPreview): TemplateResult | typeof nothing {
  // The mapping covers missing columns.
  const errors = preview.validation_errors.filter((error) => !error.startsWith("Missing required"));
  if (!errors.length && !preview.issues.length) return nothing;
  const first = preview.issues.slice(0, SHOWN);
  const rest = preview.issues.slice(SHOWN);
  return html`<section aria-label="Findings">
    ${errors.map((error) => html`<p class="small is-err">${error}</p>`)}
    <ul class="problems">
      ${first.map(item)}
    </ul>
    ${
      rest.length
        ? html`<details class="more small">
            <summary>${whole(rest.length)} more${preview.issues.length >= 200 ? " (the first 200 are listed)" : ""}</summary>
            <ul class="problems">
              ${rest.map(item)}
            </ul>
          </details>`
        : nothing
    }
  </section>`;
}

function item(issue: CsvIssue): TemplateResult {
  return html`<li>
    <span class="is-warn">${icon("warn")}</span>
    <span class="line">${issue.line == null ? "file" : `line ${whole(issue.line)}`}</span>
    <span>${issue.message}</span>
  </li>`;
}

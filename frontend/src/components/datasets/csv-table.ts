import { html, type TemplateResult } from "lit";
import type { CsvPreview, Mapping } from "../../api/datasets";

type Role = keyof Mapping | "";

/** The first rows of a file, with a select for the role of each column. */
export function previewTable(
  preview: CsvPreview,
  mapping: Partial<Mapping>,
  onRole: (column: string, role: Role) => void,
): TemplateResult {
  const roleOf = (column: string): Role =>
    mapping.input === column ? "input" : mapping.output === column ? "output" : "";
  const choose = (column: string, event: Event): void =>
    onRole(column, (event.target as HTMLSelectElement).value as Role);
  return html`<div class="table-scroll preview-table" tabindex="0" role="region" aria-label="First rows, scrolls sideways">
    <table class="table">
      <thead>
        <tr>
          ${preview.columns.map(
            (column) => html`<th scope="col" data-role=${roleOf(column)}>
              <span class="column">${column}</span>
              <select
                class="select compact"
                aria-label="Role of column ${column}"
                .value=${roleOf(column)}
                @change=${(event: Event) => choose(column, event)}
              >
                <option value="" ?selected=${roleOf(column) === ""}>not used</option>
                <option value="input" ?selected=${roleOf(column) === "input"}>input</option>
                <option value="output" ?selected=${roleOf(column) === "output"}>output</option>
              </select>
            </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${preview.data.map(
          (row) => html`<tr>
            ${preview.columns.map(
              (column) => html`<td data-role=${roleOf(column)}>
                ${row[column] == null ? html`<span class="muted">empty</span>` : html`<span class="cell">${row[column]}</span>`}
              </td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

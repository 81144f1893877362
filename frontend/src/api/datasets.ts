/** Datasets on the wire: preview and registration. */
import { sendJson } from "./http";
import { upload } from "./upload";

export interface CsvIssue {
  line: number | null;
  kind: string;
  message: string;
}

export interface CsvPreview {
  filename: string;
  columns: string[];
  data: Record<string, string | null>[];
  validation_errors: string[];
  warnings: string[];
  issues: CsvIssue[];
  statistics: {
    total_rows: number;
    usable_rows: number;
    file_size_kb: number;
    has_required_columns: boolean;
    size_bytes: number;
  };
  isNewUpload: boolean;
  sha256: string;
  encoding: string;
  delimiter: string;
  suggestedMapping: Partial<Mapping>;
}

/** Which column of the file plays which role. */
export interface Mapping {
  input: string;
  output: string;
}

export function previewCsv(file: File, onProgress: (share: number) => void): Promise<CsvPreview> {
  const form = new FormData();
  form.append("file", file);
  return upload<CsvPreview>("/api/preview-csv", form, onProgress);
}

export function registerDataset(name: string, sha256: string, columnMapping: Mapping): Promise<{ uid: string }> {
  return sendJson("POST", "/api/datasets", { name, sha256, columnMapping });
}

/** The mapping to begin with: columns of the very names, else the server's guess. */
export function initialMapping(preview: CsvPreview): Partial<Mapping> {
  const exact = (role: keyof Mapping): Partial<Mapping> => (preview.columns.includes(role) ? { [role]: role } : {});
  return { ...preview.suggestedMapping, ...exact("input"), ...exact("output") };
}

/** Gives a column a role and takes it from the column that had it; a column has one role at most. */
export function assignRole(mapping: Partial<Mapping>, column: string, role: keyof Mapping | ""): Partial<Mapping> {
  const kept = Object.fromEntries(Object.entries(mapping).filter(([, name]) => name !== column));
  return role ? { ...kept, [role]: column } : kept;
}

/** What the button says: what is missing, or what it does. */
export function missingRoles(mapping: Partial<Mapping>): string | null {
  if (!mapping.input && !mapping.output) return "Choose the input and output columns";
  if (!mapping.input) return "Choose the input column";
  if (!mapping.output) return "Choose the output column";
  return null;
}

/** A name for people, from a file's name. */
export function nameFromFile(filename: string): string {
  const words = filename
    .replace(/\.csv$/i, "")
    .replaceAll(/[_-]+/g, " ")
    .trim();
  return words ? words[0]!.toUpperCase() + words.slice(1) : "Dataset";
}

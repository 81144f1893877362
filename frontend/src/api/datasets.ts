/** Datasets on the wire: preview and registration. */
import { getJson, sendJson } from "./http";
import { sendInPieces } from "./pieces";
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

/** What a file is registered by: the hash of a previewed CSV, or its upload. */
export type Origin = { sha256: string } | { upload_id: string };

const LARGEST_PREVIEW = 50 * 1024 * 1024;

/** Small CSVs go in one request; large files, other formats and archives in pieces. */
export async function bringFile(
  file: File,
  onProgress: (share: number) => void,
): Promise<{ preview: CsvPreview; origin: Origin }> {
  if (!/\.(jsonl|ndjson|parquet|zip)$/i.test(file.name) && file.size <= LARGEST_PREVIEW) {
    const preview = await previewCsv(file, onProgress);
    return { preview, origin: { sha256: preview.sha256 } };
  }
  const id = await sendInPieces(file, onProgress);
  return { preview: await getJson<CsvPreview>(`/api/uploads/${id}/preview`), origin: { upload_id: id } };
}

export function registerDataset(name: string, origin: Origin, columnMapping: Mapping): Promise<{ uid: string }> {
  return sendJson("POST", "/api/datasets", { name, ...origin, columnMapping });
}

/** What was uploaded as the dataset's next version; its number, that of the newest one if these are the very same bytes. */
export async function registerVersion(uid: string, uploadId: string, message: string): Promise<string> {
  const address = `/api/datasets/${encodeURIComponent(uid)}/versions`;
  const body = { upload_id: uploadId, message };
  return (await sendJson<{ version: string }>("POST", address, body)).version;
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
    .replace(/\.(csv|jsonl|ndjson|parquet|zip)$/i, "")
    .replaceAll(/[_-]+/g, " ")
    .trim();
  return words ? words[0]!.toUpperCase() + words.slice(1) : "Dataset";
}

/** Calls of the dataset API: preview, registration, versions. */
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

/** The column of the file that holds each role. */
export interface Mapping {
  input: string;
  output: string;
}

export function previewCsv(file: File, onProgress: (share: number) => void): Promise<CsvPreview> {
  const form = new FormData();
  form.append("file", file);
  return upload<CsvPreview>("/api/preview-csv", form, onProgress);
}

/** How a request names its file: by the hash of a previewed CSV, or by an upload. */
export type FileReference = { sha256: string } | { upload_id: string };

const LARGEST_PREVIEW = 50 * 1024 * 1024;

/** Uploads a file and reads its preview. Small CSVs are sent in one request, everything else in pieces. */
export async function uploadWithPreview(
  file: File,
  onProgress: (share: number) => void,
): Promise<{ preview: CsvPreview; reference: FileReference }> {
  if (!/\.(jsonl|ndjson|parquet|zip)$/i.test(file.name) && file.size <= LARGEST_PREVIEW) {
    const preview = await previewCsv(file, onProgress);
    return { preview, reference: { sha256: preview.sha256 } };
  }
  const id = await sendInPieces(file, onProgress);
  return { preview: await getJson<CsvPreview>(`/api/uploads/${id}/preview`), reference: { upload_id: id } };
}

export function registerDataset(
  name: string,
  reference: FileReference,
  columnMapping: Mapping,
): Promise<{ uid: string }> {
  return sendJson("POST", "/api/datasets", { name, ...reference, columnMapping });
}

/** Registers an upload as the next version. Returns the version's number; the newest one if the bytes are the same. */
export async function registerVersion(uid: string, uploadId: string, message: string): Promise<string> {
  const address = `/api/datasets/${encodeURIComponent(uid)}/versions`;
  const body = { upload_id: uploadId, message };
  return (await sendJson<{ version: string }>("POST", address, body)).version;
}

/** The first mapping: columns named `input` and `output`, else the server's suggestion. */
export function initialMapping(preview: CsvPreview): Partial<Mapping> {
  const exact = (role: keyof Mapping): Partial<Mapping> => (preview.columns.includes(role) ? { [role]: role } : {});
  return { ...preview.suggestedMapping, ...exact("input"), ...exact("output") };
}

/** Assigns a role to a column. Each column has at most one role, and each role one column. */
export function assignRole(mapping: Partial<Mapping>, column: string, role: keyof Mapping | ""): Partial<Mapping> {
  const kept = Object.fromEntries(Object.entries(mapping).filter(([, name]) => name !== column));
  return role ? { ...kept, [role]: column } : kept;
}

/** The label for a mapping that lacks a role, or null when both roles are assigned. */
export function missingRoles(mapping: Partial<Mapping>): string | null {
  if (!mapping.input && !mapping.output) return "Choose the input and output columns";
  if (!mapping.input) return "Choose the input column";
  if (!mapping.output) return "Choose the output column";
  return null;
}

/** Derives a dataset's name from the name of its file. */
export function nameFromFile(filename: string): string {
  const words = filename
    .replace(/\.(csv|jsonl|ndjson|parquet|zip)$/i, "")
    .replaceAll(/[_-]+/g, " ")
    .trim();
  return words ? words[0]!.toUpperCase() + words.slice(1) : "Dataset";
}

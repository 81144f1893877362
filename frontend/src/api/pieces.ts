/** Resumable uploads: a file is sent in pieces and continues after a lost connection or a reload of the page. */
import { ApiError, getJson, sendJson } from "./http";

interface Upload {
  id: string;
  size: number;
  offset: number;
  max_piece_bytes: number;
}

const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000];

/** Sends all bytes of a file and returns the id of its upload. `onProgress` gets the sent share, 0 to 1. */
export async function sendInPieces(file: File, onProgress: (share: number) => void): Promise<string> {
  const upload = await findOrCreateUpload(file);
  let offset = upload.offset;
  let failures = 0;
  while (offset < file.size) {
    onProgress(offset / file.size);
    try {
      offset = await sendPiece(upload.id, offset, file.slice(offset, offset + upload.max_piece_bytes));
      failures = 0;
    } catch (error) {
      const pause = PAUSES_MS[failures++];
      if (!(error instanceof ApiError) || ![0, 400, 409, 503].includes(error.status) || pause === undefined)
        throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      offset = await getUpload(upload.id).then(
        (found) => found.offset,
        () => offset,
      );
    }
  }
  onProgress(1);
  return upload.id;
}

/** Forgets the upload of a file, so that the next upload of that file starts from zero. */
export function forgetUpload(file: File): void {
  localStorage.removeItem(storageKey(file));
}

async function findOrCreateUpload(file: File): Promise<Upload> {
  const earlierId = localStorage.getItem(storageKey(file));
  if (earlierId) {
    const found = await getUpload(earlierId).catch(() => null);
    if (found && found.size === file.size) return found;
  }
  const upload = await sendJson<Upload>("POST", "/api/uploads", { name: file.name, size: file.size });
  localStorage.setItem(storageKey(file), upload.id);
  return upload;
}

function getUpload(id: string): Promise<Upload> {
  return getJson<Upload>(`/api/uploads/${encodeURIComponent(id)}`);
}

async function sendPiece(id: string, offset: number, piece: Blob): Promise<number> {
  let response: Response;
  try {
    response = await fetch(`/api/uploads/${encodeURIComponent(id)}`, {
      method: "PATCH",
      credentials: "include",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": String(offset),
      },
      body: piece,
    });
  } catch {
    throw new ApiError("The service does not answer; choose the file again to go on where it stopped.", 0);
  }
  if (response.ok) return Number(response.headers.get("Upload-Offset"));
  const body = (await response.json().catch(() => null)) as { detail?: unknown } | null;
  const detail = typeof body?.detail === "string" ? body.detail : `The service answered ${response.status}.`;
  throw new ApiError(detail, response.status, body);
}

/** Key in the local storage; a file is recognized by its name, size and time of modification. */
function storageKey(file: File): string {
  return `pegbox.upload:${file.name}:${file.size}:${file.lastModified}`;
}

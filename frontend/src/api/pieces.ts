/** Sends a file in pieces; what has arrived counts, also after a break or a reload of the page. */
import { ApiError, getJson, sendJson } from "./http";

interface Upload {
  id: string;
  size: number;
  offset: number;
  max_piece_bytes: number;
}

const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000];

/** The id of the upload, all of its bytes sent; `onProgress` hears the share (0 to 1). */
export async function sendInPieces(file: File, onProgress: (share: number) => void): Promise<string> {
  const upload = await begun(file);
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
      offset = await known(upload.id).then(
        (found) => found.offset,
        () => offset,
      );
    }
  }
  onProgress(1);
  return upload.id;
}

/** Once something was made of the file, or nobody wants it: the next time it begins anew. */
export function forgetUpload(file: File): void {
  localStorage.removeItem(memory(file));
}

async function begun(file: File): Promise<Upload> {
  const earlier = localStorage.getItem(memory(file));
  if (earlier) {
    const found = await known(earlier).catch(() => null);
    if (found && found.size === file.size) return found;
  }
  const upload = await sendJson<Upload>("POST", "/api/uploads", { name: file.name, size: file.size });
  localStorage.setItem(memory(file), upload.id);
  return upload;
}

function known(id: string): Promise<Upload> {
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

/** The same file again is told by its name, size and time. */
function memory(file: File): string {
  return `pegbox.upload:${file.name}:${file.size}:${file.lastModified}`;
}

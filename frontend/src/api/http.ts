/** Calls to both services. A failed call throws `ApiError` with a sentence for people. */

import { isSessionEnd, toLogin } from "../frame/session";

export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when no answer came at all. */
    readonly status: number,
    readonly body: unknown = null,
  ) {
    super(message);
  }
}

/** The monitor's address, as the page says it. */
export function monitorUrl(): string {
  return document.documentElement.dataset["monitor"] ?? "";
}

/** The same address for WebSockets. */
export function monitorSocketUrl(): string {
  return monitorUrl().replace(/^http/, "ws");
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await call(url, { signal: signal ?? null })).json() as Promise<T>;
}

export async function getText(url: string, signal?: AbortSignal): Promise<string> {
  return (await call(url, { signal: signal ?? null, headers: { Accept: "text/plain" } })).text();
}

export async function sendJson<T>(method: "POST" | "DELETE", url: string, body?: unknown): Promise<T> {
  const response = await call(url, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return response.json() as Promise<T>;
}

async function call(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "include", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The service does not answer.", 0);
  }
  if (response.ok) return response;
  if (isSessionEnd(response.status)) toLogin();
  const body: unknown = await response.json().catch(() => null);
  throw new ApiError(sentence(body) ?? `The service answered ${response.status}.`, response.status, body);
}

function sentence(body: unknown): string | null {
  if (typeof body !== "object" || body === null) return null;
  const detail = (body as { detail?: unknown }).detail;
  return typeof detail === "string" ? detail : null;
}

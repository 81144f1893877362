/** Requests to the backend and the monitor. A failed request throws `ApiError` with a message to display. */

import { isSessionEnd, toLogin } from "../frame/session";

export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 without a response. */
    readonly status: number,
    readonly body: unknown = null,
  ) {
    super(message);
  }
}

/** Base URL of the monitor, from the page's `data-monitor`. */
export function monitorUrl(): string {
  return document.documentElement.dataset["monitor"] ?? "";
}

/** Base URL of the monitor for WebSockets. */
export function monitorSocketUrl(): string {
  return monitorUrl().replace(/^http/, "ws");
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await request(url, { signal: signal ?? null })).json() as Promise<T>;
}

export async function getText(url: string, signal?: AbortSignal): Promise<string> {
  return (await request(url, { signal: signal ?? null, headers: { Accept: "text/plain" } })).text();
}

export async function sendJson<T>(method: "POST" | "DELETE", url: string, body?: unknown): Promise<T> {
  const response = await request(url, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return response.json() as Promise<T>;
}

async function request(url: string, init: RequestInit): Promise<Response> {
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
  throw new ApiError(detailOf(body) ?? `The service answered ${response.status}.`, response.status, body);
}

function detailOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null) return null;
  const detail = (body as { detail?: unknown }).detail;
  return typeof detail === "string" ? detail : null;
}

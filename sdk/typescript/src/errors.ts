/** The error of a failed request. */

export interface Finding {
  loc?: (string | number)[];
  msg?: string;
}

/** `status` is the HTTP status, 0 without a response; `type` is the API's error type, for example `NotFoundError`. */
export class PegboxError extends Error {
  readonly status: number;
  readonly type: string;
  readonly findings: Finding[];
  /** Seconds of the `Retry-After` header, if any. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status: number, type: string, findings: Finding[] = [], retryAfter?: number) {
    super(message);
    this.name = "PegboxError";
    this.status = status;
    this.type = type;
    this.findings = findings;
    this.retryAfter = retryAfter;
  }
}

/** The error for an error response. */
export async function errorOf(response: Response): Promise<PegboxError> {
  const text = await response.text();
  const seconds = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  try {
    const body = JSON.parse(text) as { message?: string; error_type?: string; errors?: Finding[] };
    const message = body.message ?? `HTTP ${response.status}`;
    return new PegboxError(message, response.status, body.error_type ?? "PegboxError", body.errors, retryAfter);
  } catch {
    return new PegboxError(
      `HTTP ${response.status}: ${text.slice(0, 200)}`,
      response.status,
      "PegboxError",
      [],
      retryAfter,
    );
  }
}

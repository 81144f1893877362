/** What a refused or failed request throws. */

export interface Finding {
  loc?: (string | number)[];
  msg?: string;
}

/** `status` is the HTTP status, 0 when there was no answer; `type` the API's word, for example `NotFoundError`. */
export class PegboxError extends Error {
  readonly status: number;
  readonly type: string;
  readonly findings: Finding[];
  /** Seconds after which the service wants to be asked again, if it said so. */
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

/** The error that an answer stands for. */
export async function errorOf(answer: Response): Promise<PegboxError> {
  const text = await answer.text();
  const seconds = Number.parseFloat(answer.headers.get("Retry-After") ?? "");
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  try {
    const body = JSON.parse(text) as { message?: string; error_type?: string; errors?: Finding[] };
    const message = body.message ?? `HTTP ${answer.status}`;
    return new PegboxError(message, answer.status, body.error_type ?? "PegboxError", body.errors, retryAfter);
  } catch {
    return new PegboxError(
      `HTTP ${answer.status}: ${text.slice(0, 200)}`,
      answer.status,
      "PegboxError",
      [],
      retryAfter,
    );
  }
}

/** Typed requests: paths, parameters and responses have the types of the OpenAPI document. */
import { errorOf, PegboxError } from "./errors.js";
import type { paths } from "./openapi.js";

export type Method = "get" | "post" | "put" | "patch" | "delete";
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer O> ? O : never;
type Json<T> = T extends { content: { "application/json": infer B } } ? B : never;
type Success<R> = R extends { 200: infer A } ? Json<A> : R extends { 201: infer A } ? Json<A> : never;
export type Answer<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer R } ? Success<R> : never;
export type Query<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;

export interface RequestOptions {
  /** Values for the parameters of the path. */
  path?: Record<string, string>;
  /** Query parameters; undefined and null values are not sent. */
  query?: object | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a multipart form. */
  form?: FormData;
  accept?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export interface ClientOptions {
  /** The backend's address; default `http://127.0.0.1:8000`. */
  baseUrl?: string;
  /** An API token. */
  apiKey?: string;
  /** Maximum number of retries while the service is unavailable or limits the rate. Default 3. */
  retries?: number;
  fetch?: typeof fetch;
}

const IDEMPOTENT = new Set<Method>(["get", "put", "delete"]);
const FIRST_DELAY_MS = 200;
const MAX_RETRY_AFTER_SECONDS = 60;

export class Requests {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly #retries: number;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions) {
    this.baseUrl = (options.baseUrl ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
    this.apiKey = options.apiKey;
    this.#retries = options.retries ?? 3;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** The JSON of a response. Throws a PegboxError. */
  async json<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    options: RequestOptions = {},
  ): Promise<Answer<M, P>> {
    const response = await this.send(method, path as string, options);
    return (await response.json()) as Answer<M, P>;
  }

  /** A response with a status below 400, after retries. Throws a PegboxError. */
  async send(method: Method, path: string, options: RequestOptions = {}): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const mayRetry = attempt < this.#retries;
      let delay = FIRST_DELAY_MS * 2 ** attempt;
      try {
        const response = await this.once(method, path, options);
        if (response.ok) return response;
        const error = await errorOf(response);
        const hasUsableRetryAfter = error.retryAfter !== undefined && error.retryAfter <= MAX_RETRY_AFTER_SECONDS;
        const isRetryable =
          error.status === 429 ||
          (IDEMPOTENT.has(method) && (hasUsableRetryAfter || [502, 504].includes(error.status)));
        if (!mayRetry || !isRetryable || (error.retryAfter !== undefined && !hasUsableRetryAfter)) throw error;
        delay = hasUsableRetryAfter ? error.retryAfter! * 1000 : delay;
      } catch (error) {
        if (error instanceof PegboxError || options.signal?.aborted) throw error;
        if (!mayRetry || !IDEMPOTENT.has(method)) throw unreachable(this.baseUrl, error);
      }
      await sleep(delay, options.signal);
    }
  }

  /** Sends one request and returns the response, whatever its status. */
  once(method: Method, path: string, options: RequestOptions): Promise<Response> {
    const headers: Record<string, string> = { Accept: options.accept ?? "application/json", ...options.headers };
    if (this.apiKey) headers["Authorization"] = `Bearer ${this.apiKey}`;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    return this.#fetch(this.address(path, options), {
      method: method.toUpperCase(),
      headers,
      body: options.form ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      signal: options.signal ?? null,
    });
  }

  address(path: string, options: RequestOptions = {}): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options.path?.[name] ?? ""));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined && value !== null) query.append(name, String(value));
    return `${this.baseUrl}${filled}${query.size ? `?${query}` : ""}`;
  }
}

export function unreachable(baseUrl: string, error: unknown): PegboxError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PegboxError(`${baseUrl} does not answer: ${reason}. Is \`pegbox up\` running?`, 0, "UnreachableError");
}

/** Resolves after a delay, or when the signal aborts. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal?.addEventListener("abort", wake);
  });
}

/** Typed requests: paths, parameters, bodies and answers are those of the API's document. */
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

export interface Sent {
  /** Values for the path's `{names}`. */
  path?: Record<string, string>;
  /** Parameters; those that are undefined or null are left out. */
  query?: object | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as multipart form. */
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
  /** How often a request that may be repeated is tried again while the service is away or asks to wait. */
  retries?: number;
  fetch?: typeof fetch;
}

const REPEATABLE = new Set<Method>(["get", "put", "delete"]);
const FIRST_PAUSE_MS = 200;
const LONGEST_WISH_SECONDS = 60;

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

  /** The JSON of an answer. Throws a PegboxError. */
  async json<M extends Method, P extends PathOf<M>>(method: M, path: P, sent: Sent = {}): Promise<Answer<M, P>> {
    const answer = await this.send(method, path as string, sent);
    return (await answer.json()) as Answer<M, P>;
  }

  /** An answer whose status is below 400. Throws a PegboxError. */
  async send(method: Method, path: string, sent: Sent = {}): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const mayRepeat = attempt < this.#retries;
      let pause = FIRST_PAUSE_MS * 2 ** attempt;
      try {
        const answer = await this.once(method, path, sent);
        if (answer.ok) return answer;
        const error = await errorOf(answer);
        const isWish = error.retryAfter !== undefined && error.retryAfter <= LONGEST_WISH_SECONDS;
        const passes =
          error.status === 429 || (REPEATABLE.has(method) && (isWish || [502, 504].includes(error.status)));
        if (!mayRepeat || !passes || (error.retryAfter !== undefined && !isWish)) throw error;
        pause = isWish ? error.retryAfter! * 1000 : pause;
      } catch (error) {
        if (error instanceof PegboxError || sent.signal?.aborted) throw error;
        if (!mayRepeat || !REPEATABLE.has(method)) throw unreachable(this.baseUrl, error);
      }
      await sleep(pause, sent.signal);
    }
  }

  /** One request, whatever its answer. */
  once(method: Method, path: string, sent: Sent): Promise<Response> {
    const headers: Record<string, string> = { Accept: sent.accept ?? "application/json", ...sent.headers };
    if (this.apiKey) headers["Authorization"] = `Bearer ${this.apiKey}`;
    if (sent.body !== undefined) headers["Content-Type"] = "application/json";
    return this.#fetch(this.address(path, sent), {
      method: method.toUpperCase(),
      headers,
      body: sent.form ?? (sent.body === undefined ? null : JSON.stringify(sent.body)),
      signal: sent.signal ?? null,
    });
  }

  address(path: string, sent: Sent = {}): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(sent.path?.[name] ?? ""));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(sent.query ?? {}))
      if (value !== undefined && value !== null) query.append(name, String(value));
    return `${this.baseUrl}${filled}${query.size ? `?${query}` : ""}`;
  }
}

export function unreachable(baseUrl: string, error: unknown): PegboxError {
  const reason = error instanceof Error ? error.message : String(error);
  return new PegboxError(`${baseUrl} does not answer: ${reason}. Is \`pegbox up\` running?`, 0, "UnreachableError");
}

/** Resolves after so many milliseconds, at once when the signal says so. */
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

/** Streams a job's metrics through a WebSocket or as server-sent events; reconnects after the last point. */
import { errorOf, PegboxError } from "./errors.js";
import { type Requests, sleep } from "./request.js";

/** A point of a job. Missing values are null. Contains every metric of the point under its name. */
export interface Metrics {
  step: number;
  loss: number | null;
  lr: number | null;
  /** Percent, the mean of the machine's GPUs. */
  gpu_util: number | null;
  epoch: number | null;
  /** ISO 8601, UTC. */
  ts: string;
  /** The cursor, to pass as `after`. */
  seq: number;
  [metric: string]: number | string | null;
}

export interface StreamOptions {
  /** Only points after this cursor; 0, the default, for all points. */
  after?: number;
  /**
   * `auto` uses a WebSocket if available and falls back to server-sent events. With an API token it uses server-sent events only:
   * a browser's WebSocket can send the token only in the URL, which servers and proxies log.
   */
  transport?: "auto" | "websocket" | "sse";
}

export interface MetricStream {
  /** Ends the stream; `done` resolves. */
  close(): void;
  /** Resolves when the job has ended; rejects for an unknown job or refused access. */
  done: Promise<void>;
}

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
const NORMAL_CLOSURE = 1000;
const STATUS_BY_CLOSE_CODE: Record<number, number> = { 4401: 401, 4403: 403, 4404: 404 };
const NONFINITE_NUMBERS: Record<string, number> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/** How a connection ended: the job has ended, the connection broke, or the connection failed. */
type Outcome = "ended" | "broken" | "failed";

export function streamMetrics(
  requests: Requests,
  id: string,
  onMetrics: (metrics: Metrics) => void,
  options: StreamOptions = {},
): MetricStream {
  const stop = new AbortController();
  const done = follow(requests, id, onMetrics, options, stop.signal);
  done.catch(() => {}); // avoids an unhandled rejection when the caller ignores `done`
  return { close: () => stop.abort(), done };
}

async function follow(
  requests: Requests,
  id: string,
  onMetrics: (metrics: Metrics) => void,
  options: StreamOptions,
  signal: AbortSignal,
): Promise<void> {
  const wanted = options.transport ?? "auto";
  const hasSockets = typeof WebSocket !== "undefined";
  let useSocket = wanted === "websocket" || (wanted === "auto" && hasSockets && !requests.apiKey);
  let after = options.after ?? 0;
  let delay = FIRST_DELAY_MS;
  const handlePoint = (text: string): void => {
    const metrics = parsePoint(text);
    after = metrics.seq;
    delay = FIRST_DELAY_MS;
    onMetrics(metrics);
  };
  while (!signal.aborted) {
    const read = useSocket ? readSocket : readEvents;
    const outcome = await read(requests, id, after, handlePoint, signal);
    if (outcome === "ended" || signal.aborted) return;
    if (outcome === "failed" && useSocket && wanted === "auto") {
      useSocket = false; // a proxy may block WebSockets
      continue;
    }
    await sleep(delay, signal);
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  }
}

function readSocket(
  requests: Requests,
  id: string,
  after: number,
  handlePoint: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const query = { after, token: requests.apiKey };
  const address = requests.address("/ws/jobs/{uid}/stream", { path: { uid: id }, query }).replace(/^http/, "ws");
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    let isOpen = false;
    const abort = (): void => {
      socket.close();
      resolve("ended");
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.onopen = () => (isOpen = true);
    socket.onmessage = (event) => {
      try {
        handlePoint(String(event.data));
      } catch (error) {
        reject(error); // an error of the caller's function
        socket.close();
      }
    };
    socket.onclose = (event) => {
      signal.removeEventListener("abort", abort);
      const status = STATUS_BY_CLOSE_CODE[event.code];
      if (status !== undefined) reject(new PegboxError(event.reason || `Refused: ${id}`, status, "PegboxError"));
      else resolve(event.code === NORMAL_CLOSURE ? "ended" : isOpen ? "broken" : "failed");
    };
  });
}

async function readEvents(
  requests: Requests,
  id: string,
  after: number,
  handlePoint: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const headers = { "Last-Event-ID": String(after) };
  const options = { path: { uid: id }, accept: "text/event-stream", headers, signal };
  let response: Response;
  try {
    response = await requests.once("get", "/api/jobs/{uid}/stream", options);
  } catch {
    return "failed";
  }
  if (!response.ok) {
    if (response.status === 429 || response.status >= 500) return "failed";
    throw await errorOf(response);
  }
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  let rest = "";
  for (;;) {
    const chunk = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
    if (chunk.done) return "broken";
    const events = (rest + decoder.decode(chunk.value, { stream: true })).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const lines = event.split("\n");
      if (lines.includes("event: end")) return "ended";
      const data = lines.find((line) => line.startsWith("data: "));
      if (data) handlePoint(data.slice("data: ".length));
    }
  }
}

/** Parses a point; NaN and infinities, which JSON lacks, are text on the wire. */
export function parsePoint(text: string): Metrics {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "string" && value in NONFINITE_NUMBERS ? NONFINITE_NUMBERS[value] : value,
  ) as Metrics;
}

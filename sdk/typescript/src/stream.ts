/** A job's metrics as they come: through a WebSocket, else as server-sent events; resumed behind the last point. */
import { errorOf, PegboxError } from "./errors.js";
import { type Requests, sleep } from "./request.js";

/** A point of a job. What it does not have is null; all its metrics are there under their own names. */
export interface Metrics {
  step: number;
  loss: number | null;
  lr: number | null;
  /** Percent, the mean of the machine's GPUs. */
  gpu_util: number | null;
  epoch: number | null;
  /** ISO 8601, UTC. */
  ts: string;
  /** The cursor: go on behind it with `after`. */
  seq: number;
  [metric: string]: number | string | null;
}

export interface StreamOptions {
  /** Only points behind this cursor; 0, the default, for all of them. */
  after?: number;
  /**
   * `auto` takes a WebSocket where there is one and falls back to server-sent events. With an API token it takes the events at
   * once: a browser's WebSocket can send one only in its address, which servers and proxies write into their logs.
   */
  transport?: "auto" | "websocket" | "sse";
}

export interface MetricStream {
  /** Ends the stream; `done` resolves. */
  close(): void;
  /** Resolves when the job has ended; rejects when it is unknown or access is refused. */
  done: Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const OVER = 1000;
const REFUSALS: Record<number, number> = { 4401: 401, 4403: 403, 4404: 404 };
const NUMBERS: Record<string, number> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/** What became of one connection: the job has ended, it broke off, or it never came about. */
type Outcome = "over" | "broken" | "unopened";

export function streamMetrics(
  requests: Requests,
  id: string,
  onMetrics: (metrics: Metrics) => void,
  options: StreamOptions = {},
): MetricStream {
  const stop = new AbortController();
  const done = follow(requests, id, onMetrics, options, stop.signal);
  done.catch(() => {}); // who does not look at `done` is not to be stopped by it
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
  let pause = FIRST_PAUSE_MS;
  const take = (text: string): void => {
    const metrics = parsePoint(text);
    after = metrics.seq;
    pause = FIRST_PAUSE_MS;
    onMetrics(metrics);
  };
  while (!signal.aborted) {
    const read = useSocket ? readSocket : readEvents;
    const outcome = await read(requests, id, after, take, signal);
    if (outcome === "over" || signal.aborted) return;
    if (outcome === "unopened" && useSocket && wanted === "auto") {
      useSocket = false; // a proxy that lets no WebSocket through
      continue;
    }
    await sleep(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

function readSocket(
  requests: Requests,
  id: string,
  after: number,
  take: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const query = { after, token: requests.apiKey };
  const address = requests.address("/ws/jobs/{uid}/stream", { path: { uid: id }, query }).replace(/^http/, "ws");
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    let isOpen = false;
    const leave = (): void => {
      socket.close();
      resolve("over");
    };
    signal.addEventListener("abort", leave, { once: true });
    socket.onopen = () => (isOpen = true);
    socket.onmessage = (event) => {
      try {
        take(String(event.data));
      } catch (error) {
        reject(error); // the caller's own
        socket.close();
      }
    };
    socket.onclose = (event) => {
      signal.removeEventListener("abort", leave);
      const status = REFUSALS[event.code];
      if (status !== undefined) reject(new PegboxError(event.reason || `Refused: ${id}`, status, "PegboxError"));
      else resolve(event.code === OVER ? "over" : isOpen ? "broken" : "unopened");
    };
  });
}

async function readEvents(
  requests: Requests,
  id: string,
  after: number,
  take: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const headers = { "Last-Event-ID": String(after) };
  const sent = { path: { uid: id }, accept: "text/event-stream", headers, signal };
  let answer: Response;
  try {
    answer = await requests.once("get", "/api/jobs/{uid}/stream", sent);
  } catch {
    return "unopened";
  }
  if (!answer.ok) {
    if (answer.status === 429 || answer.status >= 500) return "unopened";
    throw await errorOf(answer);
  }
  const decoder = new TextDecoder();
  const reader = answer.body!.getReader();
  let rest = "";
  for (;;) {
    const piece = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
    if (piece.done) return "broken";
    const events = (rest + decoder.decode(piece.value, { stream: true })).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const lines = event.split("\n");
      if (lines.includes("event: end")) return "over";
      const data = lines.find((line) => line.startsWith("data: "));
      if (data) take(data.slice("data: ".length));
    }
  }
}

/** JSON has no word for NaN and infinities, so text stands in for them on the wire. */
export function parsePoint(text: string): Metrics {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "string" && value in NUMBERS ? NUMBERS[value] : value,
  ) as Metrics;
}

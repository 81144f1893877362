/** Live data of one run: a WebSocket, or polling with the same cursor while no socket can be opened. */

import { type EnvelopeKind, isTransient } from "../api/vocabulary";
import { isSessionEnd, toLogin } from "../frame/session";

export type FeedState = "connecting" | "live" | "reconnecting" | "polling" | "offline" | "ended";

/** One message of the monitor. `seq` is the cursor; transient kinds repeat the last cursor. */
export interface Envelope {
  seq: number;
  kind: EnvelopeKind;
  data: unknown;
}

export interface FeedOptions {
  /** WebSocket address without the cursor. */
  socket: string;
  /** Polling address without the cursor; the response is a list of envelopes. */
  poll: string;
  /** Cursor of the last known envelope. */
  after: number;
  pollMilliseconds?: number;
  /** Consecutive failed connections after which polling begins. Reconnecting goes on. */
  maxFailures?: number;
}

/** The monitor sends a status at least every 10 s; after twice that time the connection counts as dead. */
const SILENCE_MILLISECONDS = 20_000;
/** Consecutive failed connections before a page polls or shows itself as offline. */
export const MAX_FAILURES = 4;
const MAX_WAIT_MILLISECONDS = 30_000;
/** Close codes of the monitor. */
const ENDED = 1000;
const UNKNOWN_JOB = 4404;

/** Milliseconds until the next attempt: exponential backoff with jitter. */
export function retryWait(failures: number): number {
  return Math.min(MAX_WAIT_MILLISECONDS, 500 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

export class Feed extends EventTarget {
  state: FeedState = "connecting";
  /** Cursor: the newest delivered `seq`. */
  after: number;
  /** Time of the last envelope, in milliseconds since the epoch; 0 before the first. */
  receivedAt = 0;

  private socket?: WebSocket;
  private failures = 0;
  private stopped = false;
  private retryTimer = 0;
  private pollTimer = 0;
  private silenceTimer = 0;

  constructor(private readonly options: FeedOptions) {
    super();
    this.after = options.after;
  }

  start(): void {
    addEventListener("online", this.retryNow);
    document.addEventListener("visibilitychange", this.retryNow);
    this.open();
  }

  stop(): void {
    this.stopped = true;
    removeEventListener("online", this.retryNow);
    document.removeEventListener("visibilitychange", this.retryNow);
    clearTimeout(this.retryTimer);
    clearTimeout(this.pollTimer);
    clearTimeout(this.silenceTimer);
    this.socket?.close();
  }

  private readonly retryNow = (): void => {
    if (this.stopped || document.hidden) return;
    if (this.state === "live" || this.state === "connecting" || this.state === "ended") return;
    clearTimeout(this.retryTimer);
    this.open();
  };

  private open(): void {
    if (this.stopped) return;
    const socket = new WebSocket(`${this.options.socket}?after=${this.after}`);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      clearTimeout(this.pollTimer);
      this.setState("live");
      this.restartSilenceTimer();
    };
    socket.onmessage = (message) => {
      this.restartSilenceTimer();
      this.deliver(JSON.parse(message.data as string) as Envelope);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.afterClose(event.code);
    };
  }

  private afterClose(code: number): void {
    clearTimeout(this.silenceTimer);
    if (this.stopped) return;
    if (isSessionEnd(code)) {
      this.stop();
      toLogin();
      return;
    }
    if (code === ENDED || code === UNKNOWN_JOB) {
      this.setState("ended");
      this.stop();
      return;
    }
    this.failures += 1;
    if (this.failures > (this.options.maxFailures ?? MAX_FAILURES)) {
      if (this.state !== "polling" && this.state !== "offline") void this.poll();
    } else {
      this.setState("reconnecting");
    }
    this.retryTimer = window.setTimeout(() => this.open(), retryWait(this.failures));
  }

  private async poll(): Promise<void> {
    if (this.stopped || this.state === "live") return;
    try {
      const response = await fetch(`${this.options.poll}?after=${this.after}`, {
        headers: { Accept: "application/json" },
        credentials: "include",
      });
      if (isSessionEnd(response.status)) {
        this.stop();
        toLogin();
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      for (const envelope of (await response.json()) as Envelope[]) this.deliver(envelope);
      if (this.isLive()) return;
      this.setState("polling");
    } catch {
      if (this.isLive()) return;
      this.setState("offline");
    }
    if (!this.stopped)
      this.pollTimer = window.setTimeout(() => void this.poll(), this.options.pollMilliseconds ?? 3000);
  }

  /** Whether the socket has opened during a poll. */
  private isLive(): boolean {
    return this.state === "live";
  }

  private deliver(envelope: Envelope): void {
    this.receivedAt = Date.now();
    if (!isTransient(envelope.kind)) {
      if (envelope.seq <= this.after) return;
      this.after = envelope.seq;
    }
    this.dispatchEvent(new CustomEvent<Envelope>("message", { detail: envelope }));
    if (envelope.kind === "end") {
      this.setState("ended");
      this.stop();
    }
  }

  private setState(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent<FeedState>("state", { detail: state }));
  }

  private restartSilenceTimer(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = window.setTimeout(() => this.socket?.close(), SILENCE_MILLISECONDS);
  }
}

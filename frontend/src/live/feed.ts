/** The only transport of live data: a WebSocket, and polling with the same cursor when it cannot be had. */

import { type EnvelopeKind, isTransient } from "../api/vocabulary";
import { isSessionEnd, toLogin } from "../frame/session";

export type FeedState = "connecting" | "live" | "reconnecting" | "polling" | "offline" | "ended";

/** What the monitor sends. `seq` is the cursor; some kinds repeat the last one because nothing of them is stored. */
export interface Envelope {
  seq: number;
  kind: EnvelopeKind;
  data: unknown;
}

export interface FeedOptions {
  /** WebSocket address without the cursor. */
  socket: string;
  /** Polling address without the cursor; answers a list of envelopes. */
  poll: string;
  /** Cursor of what is already known. */
  after: number;
  pollMilliseconds?: number;
  /** Failed connections in a row after which polling begins. The socket is still tried. */
  patience?: number;
}

/** The monitor sends a status at least every 10 s; after twice that time the connection counts as dead. */
const SILENCE_MILLISECONDS = 20_000;
const LONGEST_WAIT_MILLISECONDS = 30_000;
const ENDED = 1000;
const UNKNOWN_JOB = 4404;

/** Milliseconds until the next attempt: twice as long after each failure, and never all viewers at once. */
export function retryWait(failures: number): number {
  return Math.min(LONGEST_WAIT_MILLISECONDS, 500 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

export class Feed extends EventTarget {
  state: FeedState = "connecting";
  /** Cursor: the newest `seq` delivered. */
  after: number;
  /** When something last arrived, in milliseconds since the epoch. */
  heardAt = 0;

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
      this.become("live");
      this.listenForSilence();
    };
    socket.onmessage = (message) => {
      this.listenForSilence();
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
      this.become("ended");
      this.stop();
      return;
    }
    this.failures += 1;
    if (this.failures > (this.options.patience ?? 4)) {
      if (this.state !== "polling" && this.state !== "offline") void this.poll();
    } else {
      this.become("reconnecting");
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
      this.become("polling");
    } catch {
      if (this.isLive()) return;
      this.become("offline");
    }
    if (!this.stopped)
      this.pollTimer = window.setTimeout(() => void this.poll(), this.options.pollMilliseconds ?? 3000);
  }

  /** The socket may have opened while an answer was on its way. */
  private isLive(): boolean {
    return this.state === "live";
  }

  private deliver(envelope: Envelope): void {
    this.heardAt = Date.now();
    if (!isTransient(envelope.kind)) {
      if (envelope.seq <= this.after) return;
      this.after = envelope.seq;
    }
    this.dispatchEvent(new CustomEvent<Envelope>("message", { detail: envelope }));
    if (envelope.kind === "end") {
      this.become("ended");
      this.stop();
    }
  }

  private become(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent<FeedState>("state", { detail: state }));
  }

  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = window.setTimeout(() => this.socket?.close(), SILENCE_MILLISECONDS);
  }
}

/** The feeds of several runs through one WebSocket; each goes on from its own cursor after a reconnect. */

import { isTransient } from "../api/vocabulary";
import { isSessionEnd, toLogin } from "../frame/session";
import { type Envelope, type FeedState, retryWait } from "./feed";

/** Failed connections in a row after which the page calls itself offline. The socket is still tried. */
const PATIENCE = 4;

export interface RunEnvelope extends Envelope {
  run: string;
}

export class MultiFeed extends EventTarget {
  state: FeedState = "connecting";
  /** When something last arrived, in milliseconds since the epoch. */
  heardAt = 0;

  private readonly cursors = new Map<string, number>();
  private socket?: WebSocket;
  private failures = 0;
  private stopped = false;
  private retryTimer = 0;

  constructor(private readonly address: string) {
    super();
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => this.retryNow());
  }

  /** Follows the run behind a cursor, from now on or once the socket is open. */
  subscribe(run: string, after: number): void {
    this.cursors.set(run, after);
    if (!this.socket) this.open();
    else if (this.socket.readyState === WebSocket.OPEN) this.ask(run);
  }

  private retryNow(): void {
    if (this.stopped || document.hidden || !this.cursors.size) return;
    if (this.state === "live" || this.state === "connecting" || this.state === "ended") return;
    clearTimeout(this.retryTimer);
    this.open();
  }

  private open(): void {
    if (this.stopped) return;
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.become("live");
      for (const run of this.cursors.keys()) this.ask(run);
    };
    socket.onmessage = (message) => this.deliver(JSON.parse(message.data as string) as RunEnvelope);
    socket.onclose = (event) => {
      if (isSessionEnd(event.code)) toLogin();
      else if (socket === this.socket) this.afterClose();
    };
  }

  private ask(run: string): void {
    this.socket?.send(JSON.stringify({ subscribe: run, after: this.cursors.get(run) ?? 0 }));
  }

  private afterClose(): void {
    if (this.stopped) return;
    this.failures += 1;
    this.become(this.failures > PATIENCE ? "offline" : "reconnecting");
    this.retryTimer = window.setTimeout(() => this.open(), retryWait(this.failures));
  }

  private deliver(envelope: RunEnvelope): void {
    const cursor = this.cursors.get(envelope.run);
    if (cursor === undefined || !envelope.kind) return; // an error: that run has nothing to tell
    this.heardAt = Date.now();
    if (!isTransient(envelope.kind)) {
      if (envelope.seq <= cursor) return;
      this.cursors.set(envelope.run, envelope.seq);
    }
    this.dispatchEvent(new CustomEvent<RunEnvelope>("message", { detail: envelope }));
    if (envelope.kind === "end") this.leave(envelope.run);
  }

  private leave(run: string): void {
    this.cursors.delete(run);
    if (this.cursors.size) return;
    this.stopped = true;
    this.become("ended");
    this.socket?.close();
  }

  private become(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent<FeedState>("state", { detail: state }));
  }
}

/** Feeds of several runs over one WebSocket; each resumes from its own cursor after a reconnect. */

import { isTransient } from "../api/vocabulary";
import { isSessionEnd, toLogin } from "../frame/session";
import { type Envelope, type FeedState, MAX_FAILURES, retryWait } from "./feed";

export interface RunEnvelope extends Envelope {
  run: string;
}

export class MultiFeed extends EventTarget {
  state: FeedState = "connecting";
  /** Time of the last envelope, in milliseconds since the epoch; 0 before the first. */
  receivedAt = 0;

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

  /** Subscribes to a run from a cursor, at once or as soon as the socket is open. */
  subscribe(run: string, after: number): void {
    this.cursors.set(run, after);
    if (!this.socket) this.open();
    else if (this.socket.readyState === WebSocket.OPEN) this.sendSubscription(run);
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
      this.setState("live");
      for (const run of this.cursors.keys()) this.sendSubscription(run);
    };
    socket.onmessage = (message) => this.deliver(JSON.parse(message.data as string) as RunEnvelope);
    socket.onclose = (event) => {
      if (isSessionEnd(event.code)) toLogin();
      else if (socket === this.socket) this.afterClose();
    };
  }

  private sendSubscription(run: string): void {
    this.socket?.send(JSON.stringify({ subscribe: run, after: this.cursors.get(run) ?? 0 }));
  }

  private afterClose(): void {
    if (this.stopped) return;
    this.failures += 1;
    this.setState(this.failures > MAX_FAILURES ? "offline" : "reconnecting");
    this.retryTimer = window.setTimeout(() => this.open(), retryWait(this.failures));
  }

  private deliver(envelope: RunEnvelope): void {
    const cursor = this.cursors.get(envelope.run);
    if (cursor === undefined || !envelope.kind) return; // an error message instead of an envelope
    this.receivedAt = Date.now();
    if (!isTransient(envelope.kind)) {
      if (envelope.seq <= cursor) return;
      this.cursors.set(envelope.run, envelope.seq);
    }
    this.dispatchEvent(new CustomEvent<RunEnvelope>("message", { detail: envelope }));
    if (envelope.kind === "end") this.unsubscribe(envelope.run);
  }

  private unsubscribe(run: string): void {
    this.cursors.delete(run);
    if (this.cursors.size) return;
    this.stopped = true;
    this.setState("ended");
    this.socket?.close();
  }

  private setState(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent<FeedState>("state", { detail: state }));
  }
}

/**
 * Schedules a page's drawing tasks, one per animation frame. After each task the scheduler idles for a multiple of the task's
 * duration, so that drawing takes at most about an eighth of the main thread at any rate of points on any machine.
 */

/** Idle time that a task adds, in multiples of its duration. */
const IDLE_FACTOR = 8;
/** Idle time that may be outstanding, so that a page that opens or reacts to a control draws at once. */
const BURST_MILLISECONDS = 2000;
/** Longest pause between two tasks: on a busy machine tasks take long, but the page must still update. */
const MAX_IDLE_MILLISECONDS = 500;

/** The browser's scheduling functions. */
export interface Frames {
  now(): number;
  /** Calls back at the start of the next frame, never in a hidden tab. */
  next(callback: () => void): void;
  /** Calls back after the current frame has been painted. */
  painted(callback: () => void): void;
  later(callback: () => void, milliseconds: number): void;
}

export class Pace {
  private readonly waiting = new Map<object, () => void>();
  private isRunning = false;
  /** Milliseconds of outstanding idle time at `updatedAt`. */
  private outstanding = 0;
  private updatedAt = 0;

  constructor(private readonly frames: Frames) {}

  /** Runs `task` in a later frame. A newer task of the same owner replaces a waiting one; owners take turns. */
  schedule(owner: object, task: () => void): void {
    this.waiting.set(owner, task);
    if (this.isRunning) return;
    this.isRunning = true;
    this.frames.next(this.run);
  }

  /** Removes the waiting task of an owner. */
  forget(owner: object): void {
    this.waiting.delete(owner);
  }

  private readonly run = (): void => {
    const [first] = this.waiting;
    if (!first) {
      this.isRunning = false;
      return;
    }
    const [owner, task] = first;
    this.waiting.delete(owner);
    const began = this.frames.now();
    this.frames.painted(() => {
      const idle = this.idleAfter(began, this.frames.now());
      if (idle > 0) this.frames.later(() => this.frames.next(this.run), idle);
      else this.frames.next(this.run);
    });
    task();
  };

  /** Milliseconds to idle after a task. */
  private idleAfter(began: number, ended: number): number {
    const remaining = Math.max(0, this.outstanding - (ended - this.updatedAt));
    this.outstanding = Math.min(BURST_MILLISECONDS + MAX_IDLE_MILLISECONDS, remaining + (ended - began) * IDLE_FACTOR);
    this.updatedAt = ended;
    return this.outstanding - BURST_MILLISECONDS;
  }
}

/** A message that is posted within a frame arrives after the frame is painted. */
const afterPaint = new MessageChannel();

/** The scheduler of the page. */
export const pace = new Pace({
  now: () => performance.now(),
  next: (callback) => requestAnimationFrame(callback),
  painted: (callback) => {
    afterPaint.port1.onmessage = callback;
    afterPaint.port2.postMessage(null);
  },
  later: (callback, milliseconds) => setTimeout(callback, milliseconds),
});

/**
 * A page's drawing, a piece a frame: no frame waits for more than one piece, and each piece owes eight times the time it took.
 * However fast points come and however slow the machine is, drawing them takes at most an eighth of the main thread.
 */

/** What a piece owes, in multiples of what it took. */
const PRICE = 8;
/** Time that may be owed: a page that opens, or whose reader turns a knob, draws at once. */
const CREDIT_MILLISECONDS = 2000;
/** A machine that is busy otherwise makes a piece look dear; the page shall move all the same. */
const LONGEST_REST_MILLISECONDS = 500;

/** What the pace needs of a browser. */
export interface Frames {
  now(): number;
  /** Calls back at the start of the next frame; never in a hidden tab. */
  next(callback: () => void): void;
  /** Calls back when the frame that is being made has been painted. */
  painted(callback: () => void): void;
  later(callback: () => void, milliseconds: number): void;
}

export class Pace {
  private readonly waiting = new Map<object, () => void>();
  private isRunning = false;
  /** Milliseconds owed at the moment `reckonedAt`; they are paid by letting time pass. */
  private owed = 0;
  private reckonedAt = 0;

  constructor(private readonly frames: Frames) {}

  /** Runs `piece` in a coming frame. An owner has one piece waiting, the newest; owners take turns. */
  ask(owner: object, piece: () => void): void {
    this.waiting.set(owner, piece);
    if (this.isRunning) return;
    this.isRunning = true;
    this.frames.next(this.run);
  }

  /** The owner no longer wants its piece. */
  forget(owner: object): void {
    this.waiting.delete(owner);
  }

  private readonly run = (): void => {
    const [first] = this.waiting;
    if (!first) {
      this.isRunning = false;
      return;
    }
    const [owner, piece] = first;
    this.waiting.delete(owner);
    const began = this.frames.now();
    this.frames.painted(() => {
      const rest = this.restAfter(began, this.frames.now());
      if (rest > 0) this.frames.later(() => this.frames.next(this.run), rest);
      else this.frames.next(this.run);
    });
    piece();
  };

  /** How long to rest now, in milliseconds. */
  private restAfter(began: number, ended: number): number {
    const unpaid = Math.max(0, this.owed - (ended - this.reckonedAt));
    this.owed = Math.min(CREDIT_MILLISECONDS + LONGEST_REST_MILLISECONDS, unpaid + (ended - began) * PRICE);
    this.reckonedAt = ended;
    return this.owed - CREDIT_MILLISECONDS;
  }
}

/** A message posted within a frame arrives after its painting. */
const afterPaint = new MessageChannel();

/** The page's own. */
export const pace = new Pace({
  now: () => performance.now(),
  next: (callback) => requestAnimationFrame(callback),
  painted: (callback) => {
    afterPaint.port1.onmessage = callback;
    afterPaint.port2.postMessage(null);
  },
  later: (callback, milliseconds) => setTimeout(callback, milliseconds),
});

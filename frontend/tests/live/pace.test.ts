import { beforeEach, describe, expect, it } from "vitest";
import { Pace } from "../../src/live/pace";

/** A browser whose time passes when the test says so. */
class Browser {
  time = 0;
  private frame: (() => void)[] = [];
  private paint: (() => void)[] = [];
  private timers: { at: number; callback: () => void }[] = [];

  now = (): number => this.time;
  next = (callback: () => void): void => void this.frame.push(callback);
  painted = (callback: () => void): void => void this.paint.push(callback);
  later = (callback: () => void, milliseconds: number): void =>
    void this.timers.push({ at: this.time + milliseconds, callback });

  /** One frame of 16 ms: timers that are due, then what asked for a frame, then what waits for its painting. */
  step(): void {
    this.time = Math.ceil((this.time + 1) / 16) * 16;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const list of [due.map((timer) => timer.callback), this.frame.splice(0)]) for (const call of list) call();
    for (const call of this.paint.splice(0)) call();
  }

  steps(count: number): void {
    for (let n = 0; n < count; n++) this.step();
  }
}

describe("Pace", () => {
  let browser: Browser;
  let pace: Pace;
  let done: string[];
  const piece = (name: string, milliseconds: number) => () => {
    done.push(name);
    browser.time += milliseconds;
  };

  beforeEach(() => {
    browser = new Browser();
    pace = new Pace(browser);
    done = [];
  });

  it("draws in the next frame, and only one piece in it", () => {
    pace.schedule(done, piece("a", 1));
    pace.schedule(browser, piece("b", 1));
    expect(done).toEqual([]);
    browser.step();
    expect(done).toEqual(["a"]);
    browser.steps(2);
    expect(done).toEqual(["a", "b"]);
  });

  it("keeps the newest piece of an owner", () => {
    pace.schedule(done, piece("old", 1));
    pace.schedule(done, piece("new", 1));
    browser.steps(20);
    expect(done).toEqual(["new"]);
  });

  it("draws for an eighth of the time when there is always something to draw", () => {
    const again = (): void => {
      piece("again", 10)();
      pace.schedule(done, again);
    };
    pace.schedule(done, again);
    while (browser.time < 60_000) browser.step();
    expect(done.length * 10).toBeLessThanOrEqual((60_000 + 2_000) / 8);
    expect(done.length * 10).toBeGreaterThan(60_000 / 12);
  });

  it("draws a page that opens without a rest", () => {
    for (let n = 0; n < 8; n++) pace.schedule({}, piece("chart", 20));
    browser.steps(16);
    expect(done.length).toBe(8);
    expect(browser.time).toBeLessThan(16 * 32);
  });

  it("goes on after half a second however long a piece took", () => {
    pace.schedule(done, piece("slow", 5000));
    pace.schedule(browser, piece("next", 1));
    browser.step();
    const after = browser.time;
    while (done.length < 2) browser.step();
    expect(browser.time - after).toBeLessThan(560);
  });

  it("goes on after a piece that failed", () => {
    pace.schedule(done, () => {
      throw new Error("broken");
    });
    expect(() => browser.step()).toThrow("broken");
    pace.schedule(done, piece("next", 1));
    browser.steps(20);
    expect(done).toEqual(["next"]);
  });

  it("leaves out what is forgotten", () => {
    pace.schedule(done, piece("a", 1));
    pace.forget(done);
    browser.steps(3);
    pace.schedule(done, piece("b", 1));
    browser.steps(3);
    expect(done).toEqual(["b"]);
  });
});

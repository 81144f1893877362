import { describe, expect, it } from "vitest";
import type { RunEvent, SampleSet } from "../../src/api/runs";
import { mergeEvents, mergeSamples } from "../../src/run/store";

const event = (seq: number, kind: RunEvent["kind"]): RunEvent => ({
  seq,
  step: seq,
  time: seq,
  kind,
  title: "",
  detail: "",
});
const set = (step: number): SampleSet => ({ step, time: step, name: "validation", rows: [] });
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

describe("mergeEvents", () => {
  it("orders by cursor and takes each event once", () => {
    const known = [event(1, "phase"), event(3, "note")];
    const merged = mergeEvents(known, [event(2, "best"), event(3, "note")]);
    expect(merged.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("keeps the newest 500, and every phase and resumption", () => {
    const old = [event(1, "phase"), event(2, "checkpoint"), event(3, "resumed"), event(4, "note")];
    const merged = mergeEvents(
      old,
      numbers(5, 505).map((seq) => event(seq, "checkpoint")),
    );
    expect(merged.map(({ seq }) => seq)).toEqual([1, 3, ...numbers(5, 505)]);
  });
});

describe("mergeSamples", () => {
  it("keeps the base model's answers and the newest 200 sets", () => {
    const merged = mergeSamples(numbers(0, 300).map(set), [set(300)]);
    expect(merged.map(({ step }) => step)).toEqual([0, ...numbers(101, 301)]);
  });
});

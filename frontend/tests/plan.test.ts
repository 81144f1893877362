import { describe, expect, it } from "vitest";
import { defaultMethod, defaultRate, planOf } from "../src/job/plan";

const standard = {
  rows: 1160,
  validationShare: 0.1,
  batchSize: 16,
  accumulation: 1,
  epochs: 3,
  maxSteps: null,
  evalSteps: null,
};

describe("planOf", () => {
  it("counts steps as the trainer does", () => {
    expect(planOf(standard)).toMatchObject({ trainingRows: 1044, validationRows: 116, stepsPerEpoch: 66, steps: 198 });
    expect(planOf({ ...standard, accumulation: 4 })).toMatchObject({
      effectiveBatch: 64,
      stepsPerEpoch: 17,
      steps: 51,
    });
    expect(planOf({ ...standard, epochs: 0.5 }).steps).toBe(33);
    expect(planOf({ ...standard, maxSteps: 500 }).steps).toBe(500);
  });

  it("holds out at least one row, and none when asked for none", () => {
    expect(planOf({ ...standard, rows: 3 }).validationRows).toBe(1);
    expect(planOf({ ...standard, validationShare: 0 })).toMatchObject({ validationRows: 0, evaluations: 0 });
    expect(planOf({ ...standard, rows: 25 }).validationRows).toBe(2); // 2.5 rounds to even, as in the trainer
  });

  it("evaluates ten times unless told otherwise", () => {
    expect(planOf({ ...standard, maxSteps: 500 }).evaluations).toBe(10);
    expect(planOf({ ...standard, maxSteps: 500, evalSteps: 100 }).evaluations).toBe(5);
  });
});

it("has a default for each kind of model", () => {
  expect(defaultMethod("starter")).toBe("full");
  expect(defaultMethod("hub")).toBe("lora");
  expect(defaultRate("full", "starter")).toBe(3e-3);
  expect(defaultRate("full", "hub")).toBe(2e-5);
  expect(defaultRate("lora", "hub")).toBe(2e-4);
});

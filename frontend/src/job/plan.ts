/** What a job will do, from its form: the same arithmetic as the trainer's. */

export interface PlanInput {
  rows: number;
  validationShare: number;
  batchSize: number;
  accumulation: number;
  epochs: number;
  maxSteps: number | null;
  evalSteps: number | null;
}

export interface Plan {
  trainingRows: number;
  validationRows: number;
  /** Rows per optimizer update. */
  effectiveBatch: number;
  stepsPerEpoch: number;
  steps: number;
  /** The one before the first step not counted. */
  evaluations: number;
}

const EVALUATIONS_PER_RUN = 10;

export function planOf(input: PlanInput): Plan {
  const { rows, validationShare } = input;
  const wanted = Math.max(1, roundHalfEven(rows * validationShare));
  const validationRows = validationShare > 0 && rows > 1 ? Math.min(rows - 1, wanted) : 0;
  const trainingRows = rows - validationRows;
  const batches = Math.ceil(trainingRows / input.batchSize);
  const stepsPerEpoch = Math.max(1, Math.ceil(batches / input.accumulation));
  const steps = input.maxSteps ?? Math.ceil(stepsPerEpoch * input.epochs);
  const every = input.evalSteps ?? Math.max(1, roundHalfEven(steps / EVALUATIONS_PER_RUN));
  return {
    trainingRows,
    validationRows,
    effectiveBatch: input.batchSize * input.accumulation,
    stepsPerEpoch,
    steps,
    evaluations: validationRows ? Math.ceil(steps / every) : 0,
  };
}

/** The learning rate the trainer takes when none is given. */
export function defaultRate(method: string, source: string): number {
  if (method !== "full") return 2e-4;
  return source === "starter" ? 3e-3 : 2e-5;
}

/** The method the backend takes when none is given. */
export function defaultMethod(source: string): string {
  return source === "starter" ? "full" : "lora";
}

/** As Python rounds: the trainer is written in it. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

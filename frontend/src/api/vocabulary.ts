/** Words of the services that scripts decide by. `tests/frontend/test_vocabulary.py` compares them with the API's schemas. */

export const TERMINAL_STATES = ["completed", "failed", "cancelled"] as const;
export const JOB_STATES = ["created", "queued", "running", "paused", ...TERMINAL_STATES] as const;
/** Phases of a training, in order. */
export const PHASES = ["prepare", "load", "train", "evaluate", "save"] as const;
export const EVENT_KINDS = [
  "phase",
  "evaluation",
  "best",
  "checkpoint",
  "resumed",
  "warning",
  "alert",
  "finished",
  "failed",
  "note",
] as const;
/** Envelopes whose `seq` is a cursor, because the run's log stores them. */
export const STORED_ENVELOPES = ["point", "event", "samples", "media"] as const;
/** Envelopes that are sent once and stored nowhere; their `seq` repeats the cursor. */
export const TRANSIENT_ENVELOPES = ["resource", "status", "end", "reset"] as const;

export type TerminalState = (typeof TERMINAL_STATES)[number];
export type JobState = (typeof JOB_STATES)[number];
export type Phase = (typeof PHASES)[number];
export type EventKind = (typeof EVENT_KINDS)[number];
export type EnvelopeKind = (typeof STORED_ENVELOPES)[number] | (typeof TRANSIENT_ENVELOPES)[number];

/** Whether a job or a run in this state never changes again. */
export function isTerminal(state: string): state is TerminalState {
  return (TERMINAL_STATES as readonly string[]).includes(state);
}

export function isTransient(kind: EnvelopeKind): boolean {
  return (TRANSIENT_ENVELOPES as readonly string[]).includes(kind);
}

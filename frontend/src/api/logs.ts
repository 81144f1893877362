import { getJson } from "./http";

export const STREAMS = ["stdout", "stderr"] as const;
export type Stream = (typeof STREAMS)[number];

/** A piece of one stream; offsets are bytes of the file. */
export interface LogPiece {
  lines: string[];
  truncated: boolean;
  size_bytes: number;
  offset: number;
  next_offset: number;
  matches: { number: number; text: string }[] | null;
}

export function logUrl(job: string, stream: Stream, parameters: Record<string, string> = {}): string {
  return `/api/jobs/${encodeURIComponent(job)}/logs?${new URLSearchParams({ stream, ...parameters })}`;
}

export function readTail(job: string, stream: Stream, lines: number): Promise<LogPiece> {
  return getJson(logUrl(job, stream, { tail: String(lines) }));
}

/** What was written after `offset`. */
export function readOn(job: string, stream: Stream, offset: number): Promise<LogPiece> {
  return getJson(logUrl(job, stream, { offset: String(offset) }));
}

export function searchLog(job: string, stream: Stream, words: string): Promise<LogPiece> {
  return getJson(logUrl(job, stream, { search: words }));
}

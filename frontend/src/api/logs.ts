import { getJson } from "./http";

export const STREAMS = ["stdout", "stderr"] as const;
export type Stream = (typeof STREAMS)[number];

/** Part of one stream; offsets are bytes of the log file. */
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

/** Reads the lines that were written after `offset`. */
export function readFrom(job: string, stream: Stream, offset: number): Promise<LogPiece> {
  return getJson(logUrl(job, stream, { offset: String(offset) }));
}

export function searchLog(job: string, stream: Stream, words: string): Promise<LogPiece> {
  return getJson(logUrl(job, stream, { search: words }));
}

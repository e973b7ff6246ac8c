import type { OffsetRange } from '../partition-positions.ts';

/** What of a partition's log is there: from `low` up to but not including `high`. */
export interface LogEnds {
  readonly low: number;
  readonly high: number;
}

/** What is known of a log that was read before. */
export interface KnownLog {
  readonly next_offset: number | null;
  readonly begun: OffsetRange | null;
  /** No message before `next_offset` was written later, ms; null when that was not noted. */
  readonly written_max_ms: number | null;
}

export interface LogStart {
  /** Where the next range begins. */
  readonly resume: number;
  /** A message that was read before: shows by its time whether this is still the same log. Null when there is none. */
  readonly check: number | null;
  /** Messages, at most, that retention took away before they were read. */
  readonly lost: number;
  /** The log ends before what was read of it: it was made anew, or lost its end. */
  readonly isShort: boolean;
}

/** Where reading begins again. A log that nobody read before is read from its start. */
export function logStart({ next_offset, begun, written_max_ms }: KnownLog, { low, high }: LogEnds): LogStart {
  const from = begun?.from ?? next_offset;
  if (from === null) return { resume: low, check: null, lost: 0, isShort: false };
  if (from > high) return { resume: high, check: high > low ? high - 1 : null, lost: 0, isShort: true };
  if (from < low) return { resume: low, check: null, lost: low - from, isShort: false };
  const canCheck = written_max_ms !== null && from > low;
  return { resume: from, check: canCheck ? from - 1 : null, lost: 0, isShort: false };
}

/**
 * Kafka counts a topic that was deleted and made anew from 0 again, under the same name, and the protocol versions that
 * the client speaks do not tell the two apart. Time does: what was written after the last message that was read cannot
 * stand where that one stood. Messages that bring old times of their own can hide a new log, never feign one.
 */
export function isOtherLog(checked_written_ms: number, written_max_ms: number | null): boolean {
  return written_max_ms !== null && checked_written_ms > written_max_ms;
}

import type { JobView } from '../../domain/report/job-view.ts';
import { timeText } from '../../domain/report/time-text.ts';
import { Problem } from './problem.ts';

const UNIT_US: Readonly<Record<string, number>> = {
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
  w: 604_800e6,
};

/** `now-100000000w` is as good as "ever"; a hundred years keep it a time. */
const RELATIVE_MAX_US = 100 * 365.25 * 86_400e6;

/** Above this an epoch number is milliseconds, above the next microseconds: year 5138 in seconds is 1e11. */
const MILLISECONDS_FROM = 1e11;
const MICROSECONDS_FROM = 1e14;

/**
 * A point in time as callers write it: RFC 3339, epoch seconds, milliseconds or microseconds (told apart by size),
 * `now`, `now-6h`. Returns microseconds since the epoch. Throws a 400 {@link Problem} that names the parameter.
 */
export function timeFromText(name: string, text: string, now_us: number): number {
  const relative = /^now(?:\s*([+-])\s*(\d+(?:\.\d+)?)([smhdw]))?$/.exec(text.trim());
  if (relative !== null) {
    const size = Math.min(Number(relative[2] ?? 0) * (UNIT_US[relative[3] ?? 's'] ?? 0), RELATIVE_MAX_US);
    return Math.round(now_us + (relative[1] === '-' ? -size : size));
  }
  const isNumber = /^-?\d+(?:\.\d+)?$/.test(text);
  const parsed = isNumber ? microsecondsFromNumber(Number(text)) : microsecondsFromDate(text);
  if (!(Math.abs(parsed) <= DATE_MAX_US)) {
    throw new Problem(
      400,
      'Bad time',
      `${name}=${text} is not a time. Write RFC 3339 (2026-01-31T12:00:00Z), epoch seconds or milliseconds, or now-6h.`,
    );
  }
  return parsed;
}

/** The last moment a Date can name (ECMA-262, time values). */
const DATE_MAX_US = 8.64e18;

/** NaN for what is no date. */
function microsecondsFromDate(text: string): number {
  return /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) * 1000 : Number.NaN;
}

function microsecondsFromNumber(value: number): number {
  if (Math.abs(value) >= MICROSECONDS_FROM) return Math.round(value);
  if (Math.abs(value) >= MILLISECONDS_FROM) return Math.round(value * 1e3);
  return Math.round(value * 1e6);
}

export interface TimeRange {
  readonly from_us: number | undefined;
  readonly to_us: number | undefined;
}

/** `from` inclusive, `to` exclusive; both optional. */
export function rangeFromQuery(query: Record<string, string>, now_us: number): TimeRange {
  const { from, to } = query;
  const from_us = from === undefined ? undefined : timeFromText('from', from, now_us);
  const to_us = to === undefined ? undefined : timeFromText('to', to, now_us);
  if (from_us !== undefined && to_us !== undefined && from_us >= to_us) {
    throw new Problem(400, 'Empty range', `from (${from}) must be before to (${to}).`);
  }
  return { from_us, to_us };
}

/** The resolved range of an answer about a job, RFC 3339. */
export interface RangeText {
  readonly from: string;
  readonly to: string;
}

export function rangeText({ account, range }: Pick<JobView, 'account' | 'range'>): RangeText {
  return { from: timeText(range.from_us ?? account.from_us), to: timeText(range.to_us ?? account.to_us) };
}

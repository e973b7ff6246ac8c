import { BRACE_CLOSE, HASH, LINE_FEED, lineStop, RETURN, skipBlanks } from './page-bytes.ts';
import { type NumberCursor, readNumber } from './sample-number.ts';

/** `prometheus`: text 0.0.4, timestamps in ms. `openmetrics`: 1.0, timestamps in seconds, exemplars, `# EOF`. */
export type PageFormat = 'prometheus' | 'openmetrics';

/** What stands behind the series on a line. */
export interface SampleTail {
  value: number;
  /** Milliseconds since the epoch; NaN where the line has none. */
  timestamp_ms: number;
}

const number: NumberCursor = { value: 0, end: 0 };

/**
 * Reads `value [timestamp]` from behind the series to the line's end. Returns where the next line begins; 0 when this
 * is not the tail of a sample, and then `out` means nothing.
 */
export function readTail(
  page: Uint8Array,
  start: number,
  limit: number,
  format: PageFormat,
  out: SampleTail,
): number {
  const at = skipBlanks(page, start, limit);
  // Behind a bare name there must be a blank, or the name goes on.
  if (at === start && page[start - 1] !== BRACE_CLOSE) return 0;
  readNumber(page, at, limit, number);
  if (number.end < 0) return 0;
  out.value = number.value;
  out.timestamp_ms = Number.NaN;
  const end = lineEnd(page, number.end, limit);
  return end > 0 ? end : readTimestamp(page, number.end, limit, format, out);
}

function readTimestamp(
  page: Uint8Array,
  start: number,
  limit: number,
  format: PageFormat,
  out: SampleTail,
): number {
  const at = skipBlanks(page, start, limit);
  if (format === 'openmetrics' && page[at] === HASH) return exemplarEnd(page, at, limit);
  readNumber(page, at, limit, number);
  if (number.end < 0 || !Number.isFinite(number.value)) return 0;
  if (format === 'openmetrics') {
    out.timestamp_ms = Math.round(number.value * 1000);
    return exemplarEnd(page, number.end, limit);
  }
  if (!Number.isSafeInteger(number.value)) return 0;
  out.timestamp_ms = number.value;
  return lineEnd(page, number.end, limit);
}

/** Where the next line begins when nothing but blanks is left of this one; 0 otherwise. */
function lineEnd(page: Uint8Array, start: number, limit: number): number {
  if (start < limit && page[start] === LINE_FEED) return start + 1;
  let at = skipBlanks(page, start, limit);
  if (at < limit && page[at] === RETURN) at++;
  if (at >= limit) return limit;
  return page[at] === LINE_FEED ? at + 1 : 0;
}

/** ` # {labels} value [timestamp]` may follow a sample; it is not read. */
function exemplarEnd(page: Uint8Array, start: number, limit: number): number {
  const at = skipBlanks(page, start, limit);
  if (at >= limit || page[at] !== HASH) return lineEnd(page, start, limit);
  return Math.min(lineStop(page, at, limit) + 1, limit);
}

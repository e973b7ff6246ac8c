import type { RunEvent } from '../../../domain/events.ts';

export interface EventLineLimits {
  /** One line, bytes. */
  readonly line_bytes_max: number;
  /** Rejected lines that are named; the others are only counted. */
  readonly rejected_named_max: number;
}

export interface RejectedLine {
  /** Counts from 1, empty lines too. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export interface DecodedEvents {
  readonly events: readonly RunEvent[];
  readonly rejected: readonly RejectedLine[];
  readonly rejected_count: number;
  /** Lines that hold anything. */
  readonly lines: number;
}

type ReadLine = (
  text: string,
) => { ok: true; event: RunEvent } | { ok: false; code: string; message: string };

const LINE_FEED = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** NDJSON bytes to run events, line by line: a bad line is refused alone, with its number and the reason. */
export function decodeEventLines(
  bytes: Uint8Array,
  limits: EventLineLimits,
  readLine: ReadLine,
): DecodedEvents {
  const events: RunEvent[] = [];
  const rejected: RejectedLine[] = [];
  let rejected_count = 0;
  let lines = 0;
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    number++;
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? bytes.length : feed;
    const read = readOne(bytes.subarray(start, end), limits, readLine);
    start = end + 1;
    if (read === undefined) continue;
    lines++;
    if (read.ok) events.push(read.event);
    else {
      rejected_count++;
      const { code, message } = read;
      if (rejected.length < limits.rejected_named_max) rejected.push({ line: number, code, message });
    }
  }
  return { events, rejected, rejected_count, lines };
}

function readOne(
  line: Uint8Array,
  { line_bytes_max }: EventLineLimits,
  readLine: ReadLine,
): ReturnType<ReadLine> | undefined {
  if (line.length > line_bytes_max) {
    const message = `${line.length} bytes; the limit of a line is ${line_bytes_max} (line_bytes_max)`;
    return { ok: false, code: 'line_too_long', message };
  }
  let text: string;
  try {
    text = utf8.decode(line).trim();
  } catch {
    return { ok: false, code: 'not_utf8', message: 'the line is not UTF-8 text' };
  }
  return text === '' ? undefined : readLine(text);
}

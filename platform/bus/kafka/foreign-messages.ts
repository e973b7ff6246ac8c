import { readEventLine } from '../../../domain/event-reader.ts';
import type { RunEvent } from '../../../domain/events.ts';
import type { Batch } from '../bus.ts';
import type { RefusedLine } from '../dead-letters.ts';
import { RUN_EVENTS_SCHEMA_VERSION, type StoredEventLine } from '../run-event-batch.ts';

/** What a message holds that no collector of ours wrote: kcat, a script, another pipeline. */
export interface ForeignMessage {
  /** `<topic>/<partition>/<offset>`: the same message is the same batch whoever reads it. */
  readonly id: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** When the message was written, ms: the time its events came in. Not now: read again, it must give the same rows. */
  readonly written_ms: number;
}

export interface ReadForeignMessage {
  /** The events of the lines that are good; null when none is. */
  readonly batch: Batch | null;
  /** The other lines as they came, one after the other; null when there is none. */
  readonly refused: {
    readonly body: Uint8Array;
    readonly count: number;
    /** The first of them, with the reason. */
    readonly named: readonly RefusedLine[];
  } | null;
}

const LINE_FEED = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the value as `POST /v1/events` reads a body: NDJSON, a bad line is refused alone. Never throws. */
export function readForeignMessage(
  { id, key, value, written_ms }: ForeignMessage,
  named_max: number,
): ReadForeignMessage {
  const accepted: string[] = [];
  const refused: Uint8Array[] = [];
  const named: RefusedLine[] = [];
  let number = 0;
  for (const line of linesOf(value)) {
    number += 1;
    const read = readLine(line);
    if (read === undefined) continue;
    if (read.ok) {
      const stored: StoredEventLine = { received_at_ms: written_ms, event: read.event };
      accepted.push(JSON.stringify(stored));
      continue;
    }
    refused.push(line);
    const { code, message } = read;
    if (named.length < named_max) named.push({ line: number, code, message });
  }
  return {
    batch: accepted.length === 0 ? null : batchOf(id, key, accepted),
    refused: refused.length === 0 ? null : { body: joined(refused), count: refused.length, named },
  };
}

function* linesOf(value: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < value.length; ) {
    const feed = value.indexOf(LINE_FEED, start);
    const end = feed === -1 ? value.length : feed;
    yield value.subarray(start, end);
    start = end + 1;
  }
}

type Line = { ok: true; event: RunEvent } | { ok: false; code: string; message: string };

/** Undefined for a line that holds nothing. */
function readLine(line: Uint8Array): Line | undefined {
  let text: string;
  try {
    text = utf8.decode(line).trim();
  } catch {
    return { ok: false, code: 'not_utf8', message: 'the line is not UTF-8 text' };
  }
  return text === '' ? undefined : readEventLine(text);
}

function batchOf(id: string, key: string, lines: readonly string[]): Batch {
  return {
    id,
    kind: 'run_events',
    schemaVersion: RUN_EVENTS_SCHEMA_VERSION,
    key,
    rows: lines.length,
    body: Buffer.from(`${lines.join('\n')}\n`),
  };
}

function joined(lines: readonly Uint8Array[]): Uint8Array {
  const feed = Buffer.of(LINE_FEED);
  return Buffer.concat(lines.flatMap((line) => [line, feed]));
}

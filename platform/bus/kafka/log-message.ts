import type { Batch } from '../bus.ts';
import {
  type DeadLetter,
  type DeadLetterOrigin,
  type DeadLetterReason,
  EVENT_LINES_KIND,
} from '../dead-letters.ts';
import type { ReceivedMessage } from './client.ts';
import type { ProducerSequence } from './copies.ts';
import { readForeignMessage } from './foreign-messages.ts';
import { type DecodedMessage, decodeMessage, HEADERS } from './message.ts';

/** A message of a partition, or a batch of one that is a pack, read as far as it can be without the tables. */
export interface LogMessage {
  readonly offset: number;
  /** When it was written, ms since the epoch. */
  readonly written_ms: number;
  /** Of its value, or of its part of it. */
  readonly bytes: number;
  readonly rows: number;
  readonly isForeign: boolean;
  /** Null for messages that no writer of ours numbered. */
  readonly numbered: ProducerSequence | null;
  readonly batch: Batch | null;
  /** What of it no table takes. */
  readonly letter: PutAside | null;
}

interface PutAside {
  readonly letter: DeadLetter;
  readonly reason: DeadLetterReason;
  readonly origin: DeadLetterOrigin;
}

/** No producer may be called like this: the positions keep notes of their own under such names. */
export const RESERVED_NAME = '#';

export interface LogPlace {
  readonly topic: string;
  readonly partition: number;
}

/** Never throws: what cannot be read becomes a dead letter, with its bytes and the reason. */
export function readLogMessage(
  message: ReceivedMessage,
  place: LogPlace,
  refused_lines_named_max: number,
): readonly LogMessage[] {
  const decoded = decodeMessage(message);
  return decoded.map((one) => readDecoded(one, message, place, refused_lines_named_max));
}

function readDecoded(
  decoded: DecodedMessage,
  message: ReceivedMessage,
  place: LogPlace,
  refused_lines_named_max: number,
): LogMessage {
  const offset = Number(message.offset);
  const origin = () => ({ ...place, offset, headers: headersOf(message) });
  const id = `${place.topic}/${place.partition}/${offset}`;
  const own = {
    offset,
    written_ms: Number(message.timestamp),
    bytes: message.value?.length ?? 0,
    rows: 1,
    isForeign: false,
    numbered: null,
    batch: null,
    letter: null,
  } satisfies LogMessage;
  if (decoded.kind === 'foreign') {
    const { key, value } = decoded;
    const read = readForeignMessage({ id, key, value, written_ms: own.written_ms }, refused_lines_named_max);
    return { ...own, isForeign: true, ...foreign(id, key, read, origin) };
  }
  if (decoded.kind === 'batch') {
    const { batch, producer, sequence } = decoded;
    if (!producer.startsWith(RESERVED_NAME))
      return {
        ...own,
        bytes: batch.body.length,
        rows: batch.rows,
        numbered: { producer, sequence },
        batch,
      };
    const reason = `header ${HEADERS.producer} is no name of a producer: ${producer}`;
    return { ...own, letter: unreadable(id, decoded.batch.key, batch.body, reason, origin) };
  }
  return { ...own, letter: unreadable(id, decoded.key, decoded.value, decoded.reason, origin) };
}

function foreign(
  id: string,
  key: string,
  { batch, refused }: ReturnType<typeof readForeignMessage>,
  originOf: () => DeadLetterOrigin,
): Pick<LogMessage, 'rows' | 'batch' | 'letter'> {
  const rows = Math.max(1, batch?.rows ?? 0);
  if (refused === null) return { rows, batch, letter: null };
  const first = refused.named[0];
  const text =
    first === undefined
      ? `${refused.count} lines refused`
      : `${refused.count} lines refused, the first is line ${first.line}: ${first.code}: ${first.message}`;
  const letter = {
    id,
    kind: EVENT_LINES_KIND,
    schemaVersion: 0,
    key,
    rows: refused.count,
    body: refused.body,
  };
  const reason = { code: 'bad_lines', text } as const;
  return { rows, batch, letter: { letter, reason, origin: { ...originOf(), lines: refused.named } } };
}

function unreadable(
  id: string,
  key: string,
  body: Uint8Array,
  text: string,
  originOf: () => DeadLetterOrigin,
): PutAside {
  const origin = originOf();
  const { [HEADERS.kind]: kind = 'unreadable' } = origin.headers ?? {};
  return {
    letter: { id, kind, schemaVersion: 0, key, rows: 0, body },
    reason: { code: 'unreadable', text },
    origin,
  };
}

function headersOf({ headers = {} }: ReceivedMessage): Record<string, string> {
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value ?? '')] as const);
  return Object.fromEntries(texts);
}

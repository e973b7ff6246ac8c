import { BATCH_KINDS, type Batch, type BatchKind } from '../bus.ts';
import type { ReceivedMessage, SentMessage } from './client.ts';
import { packed, unpacked } from './pack.ts';
import type { PreparedBatch } from './prepared.ts';

/** The headers of a message that a writer of ours sent. Their values are UTF-8 text. */
export const HEADERS = {
  batch: 'headway-batch',
  kind: 'headway-kind',
  schema: 'headway-schema',
  rows: 'headway-rows',
  producer: 'headway-producer',
  sequence: 'headway-sequence',
  published_ms: 'headway-published-ms',
  /** How many batches the value holds, in the layout of pack.ts; then the headers of a single batch are not there. */
  pack: 'headway-pack',
  /** Put in by our client, never sent: why the messages of a record batch cannot be read. */
  unreadable: 'headway-unreadable',
} as const;

/** What is read of a message. */
export type MessageParts = Pick<ReceivedMessage, 'key' | 'value' | 'headers'>;

/** What one message of the topic holds. */
export type DecodedMessage =
  | {
      readonly kind: 'batch';
      readonly batch: Batch;
      readonly producer: string;
      readonly sequence: number;
      /** When it was first handed to the client, milliseconds since the epoch. */
      readonly published_ms: number;
    }
  /** Not from a writer of ours: its value is what `POST /v1/events` takes. */
  | { readonly kind: 'foreign'; readonly key: string; readonly value: Uint8Array }
  /**
   * Our headers with what this version does not know, or a record batch that could not be decompressed; `value` is what
   * came. It will never be readable and belongs into the dead letters.
   */
  | {
      readonly kind: 'unreadable';
      readonly key: string;
      readonly value: Uint8Array;
      readonly reason: string;
    };

/** Bytes of a record and of the record batch around it beside key, value and headers, at most. */
const RECORD_BYTES = 40;
export const RECORD_BATCH_BYTES = 61;
const HEADER_BYTES = 10;
const HEADER_NAMES_BYTES = Object.values(HEADERS).reduce((sum, name) => sum + name.length + HEADER_BYTES, 0);
/** Values of kind, schema, rows, producer, sequence and time, each at its longest. */
const HEADER_VALUES_BYTES = 16 + 3 * 16 + 36 + 16;

/** Batches of one partition, in order, as one message. Of a single one `value` shares the memory of the body. */
export function encodeMessage(prepared: readonly PreparedBatch[], published_ms: number): SentMessage {
  const [first] = prepared;
  if (first === undefined) throw new TypeError('a message without a batch');
  if (prepared.length === 1) return encodeSingle(first, published_ms);
  return {
    // The one key that a message may have: it leads to the same partition as those of the others.
    key: Buffer.from(first.batch.key),
    value: packed(prepared, published_ms),
    headers: { [HEADERS.pack]: String(prepared.length) },
  };
}

function encodeSingle({ batch, producer, sequence }: PreparedBatch, published_ms: number): SentMessage {
  return {
    key: Buffer.from(batch.key),
    value: Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength),
    headers: {
      [HEADERS.batch]: batch.id,
      [HEADERS.kind]: batch.kind,
      [HEADERS.schema]: String(batch.schemaVersion),
      [HEADERS.rows]: String(batch.rows),
      [HEADERS.producer]: producer,
      [HEADERS.sequence]: String(sequence),
      [HEADERS.published_ms]: String(published_ms),
    },
  };
}

/** Upper bound of the bytes that a batch takes in a record batch, alone or in a pack, beside RECORD_BATCH_BYTES once. */
export function messageBytes({ id, key, body }: Batch): number {
  const own = escapedBytes(id) + escapedBytes(key) + body.length;
  return RECORD_BYTES + HEADER_NAMES_BYTES + HEADER_VALUES_BYTES + own;
}

/** In a pack names are texts of JSON. */
function escapedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

/** Of a pack all batches, of any other message the one thing that it is. Never throws; memory of the message is shared. */
export function decodeMessage(message: MessageParts): readonly DecodedMessage[] {
  const { value, headers = {} } = message;
  if (headers[HEADERS.pack] === undefined || headers[HEADERS.unreadable] !== undefined)
    return [decodeSingle(message)];
  const pack = unpacked(value ?? Buffer.alloc(0));
  const key = message.key?.toString() ?? '';
  if (typeof pack === 'string')
    return [{ kind: 'unreadable', key, value: value ?? new Uint8Array(), reason: pack }];
  const { published_ms, prepared } = pack;
  return prepared.map(({ batch, producer, sequence }) => ({
    kind: 'batch',
    batch,
    producer,
    sequence,
    published_ms,
  }));
}

function decodeSingle({ key, value, headers = {} }: MessageParts): DecodedMessage {
  const own = { key: key?.toString() ?? '', value: value ?? new Uint8Array() };
  const text = (name: string): string | undefined => {
    const found = headers[name];
    return found === undefined || Array.isArray(found) ? undefined : found.toString();
  };
  const reason = text(HEADERS.unreadable);
  if (reason !== undefined) return { kind: 'unreadable', ...own, reason };
  if (headers[HEADERS.batch] === undefined) return { kind: 'foreign', ...own };
  try {
    return decodeOwn(own, text);
  } catch (cause) {
    return { kind: 'unreadable', ...own, reason: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Throws an error that says which header is not as it must be. */
function decodeOwn(
  { key, value }: { readonly key: string; readonly value: Uint8Array },
  text: (name: string) => string | undefined,
): DecodedMessage {
  const required = (name: string): string => {
    const found = text(name);
    if (found === undefined || found === '') throw new Error(`header ${name} is missing`);
    return found;
  };
  const number = (name: string): number => {
    const found = required(name);
    if (!/^\d{1,15}$/.test(found)) throw new Error(`header ${name} is no number: ${found}`);
    return Number(found);
  };
  const batch: Batch = {
    id: required(HEADERS.batch),
    kind: batchKind(required(HEADERS.kind)),
    schemaVersion: number(HEADERS.schema),
    key,
    rows: number(HEADERS.rows),
    body: value,
  };
  return {
    kind: 'batch',
    batch,
    producer: required(HEADERS.producer),
    sequence: number(HEADERS.sequence),
    published_ms: number(HEADERS.published_ms),
  };
}

function batchKind(name: string): BatchKind {
  const kind = BATCH_KINDS.find((one) => one === name);
  if (kind === undefined) throw new Error(`batch kind ${name} is not known`);
  return kind;
}

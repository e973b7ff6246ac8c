import { readEventLines } from '../../domain/event-reader.ts';
import type { RunEvent } from '../../domain/events.ts';
import { BATCH_KINDS, type Batch } from './bus.ts';
import { type DeadLetterNote, EVENT_LINES_KIND, type RefusedLine } from './dead-letters.ts';
import { decodeMessage } from './kafka/message.ts';

/** What a letter holds for this version of Headway, which may know more than the one that put it aside. */
export type LetterContent =
  | { readonly kind: 'batches'; readonly batches: readonly Batch[] }
  /** Lines of a foreign message: those that are events now, and those that still are none. */
  | { readonly kind: 'lines'; readonly events: readonly RunEvent[]; readonly refused: readonly RefusedLine[] }
  | { readonly kind: 'none'; readonly why: string };

/** Never throws. */
export function contentOf(note: DeadLetterNote, body: Uint8Array): LetterContent {
  const { id, kind, schemaVersion, key, rows, origin } = note;
  if (kind === EVENT_LINES_KIND) return linesOf(body);
  if (origin.headers !== undefined) return messageOf(note, origin.headers, body);
  const known = BATCH_KINDS.find((one) => one === kind);
  if (known === undefined) return { kind: 'none', why: `kind ${kind} is not known to this version` };
  return { kind: 'batches', batches: [{ id, kind: known, schemaVersion, key, rows, body }] };
}

function linesOf(body: Uint8Array): LetterContent {
  const { events, rejected } = readEventLines(Buffer.from(body).toString());
  const refused = rejected.map(({ line, code, message }) => ({ line, code, message }));
  return { kind: 'lines', events: events.map(({ event }) => event), refused };
}

/** A message that could not be read is read anew, by its own headers. */
function messageOf(
  { key }: DeadLetterNote,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): LetterContent {
  const value = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const decoded = decodeMessage({ key: Buffer.from(key), value, headers: { ...headers } });
  const unreadable = decoded.find(({ kind }) => kind === 'unreadable');
  if (unreadable?.kind === 'unreadable') return { kind: 'none', why: unreadable.reason };
  const batches = decoded.flatMap((one) => (one.kind === 'batch' ? [one.batch] : []));
  return batches.length === 0 ? linesOf(body) : { kind: 'batches', batches };
}

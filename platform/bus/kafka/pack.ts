import { encodeFrame, readFrame } from '../frame.ts';
import { fromSpooled, type PreparedBatch, toSpooled } from './prepared.ts';

/**
 * Several small batches as the value of one message: a frame as the spool writes it, checksum included. What a client and
 * a broker do for a message, headers and all, costs more than a small batch itself, and a delivery of one sender is cut
 * into a batch for each of its jobs.
 */
export function packed(prepared: readonly PreparedBatch[], published_ms: number): Buffer {
  return Buffer.concat(encodeFrame(prepared.map(toSpooled), published_ms));
}

export interface Pack {
  readonly published_ms: number;
  readonly prepared: readonly PreparedBatch[];
}

/** The batches share the memory of the value. A text says why it cannot be read. */
export function unpacked(value: Buffer): Pack | string {
  const frame = readFrame(value, 0);
  if ('fault' in frame || frame.end !== value.length)
    return 'the pack of batches is damaged, or of another version: its checksum or its layout is wrong';
  const prepared = frame.batches.map(fromSpooled);
  const known = prepared.filter((one) => one !== undefined);
  if (known.length !== prepared.length) return 'a batch of the pack has no producer and no number';
  return { published_ms: frame.published_at_ms, prepared: known };
}

/** What {@link cutPacks} looks at. */
export interface Packable {
  readonly prepared: Pick<PreparedBatch, 'batch'>;
}

/** In order, the bodies of each pack within the limit; a batch that is larger goes alone. */
export function cutPacks<E extends Packable>(entries: readonly E[], pack_bytes_max: number): E[][] {
  const packs: E[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const own = entry.prepared.batch.body.length;
    bytes += own;
    const open = packs.at(-1);
    if (open !== undefined && bytes <= pack_bytes_max) {
      open.push(entry);
    } else {
      packs.push([entry]);
      bytes = own;
    }
  }
  return packs;
}

import { type Batch, BusRefused } from '../bus.ts';
import { messageBytes, RECORD_BATCH_BYTES } from './message.ts';

const LINE_FEED = 0x0a;

/**
 * The batches, each small enough to be one message of `message_bytes_max` bytes. Run events are lines, and are cut
 * between two of them; parts of batch `b` are `b/1`, `b/2`, ... Throws BusRefused `batch_too_large` when one line, or a
 * batch of another kind, is larger alone.
 */
export function fitMessages(batches: readonly Batch[], message_bytes_max: number): readonly Batch[] {
  const limit = message_bytes_max - RECORD_BATCH_BYTES;
  if (batches.every((batch) => messageBytes(batch) <= limit)) return batches;
  return batches.flatMap((batch) => {
    if (messageBytes(batch) <= limit) return [batch];
    if (batch.kind !== 'run_events') throw tooLarge(batch, message_bytes_max);
    return cutLines(batch, limit, message_bytes_max);
  });
}

/** Refused for good: sent again it would be as large. */
function tooLarge(batch: Batch, message_bytes_max: number): BusRefused {
  return new BusRefused('batch_too_large', tooLargeText(batch, message_bytes_max), { retryable: false });
}

export function tooLargeText({ id, kind, key, body }: Batch, message_bytes_max: number): string {
  return (
    `Batch ${id} (${kind} of ${key === '' ? 'no key' : key}) has ${body.length} bytes, more than one message may have: ` +
    `kafka.message_bytes_max (${message_bytes_max}), which the topic's max.message.bytes has to allow; send less at a time`
  );
}

function cutLines(batch: Batch, limit: number, message_bytes_max: number): Batch[] {
  const { body } = batch;
  // Ids of the parts are longer than that of the whole: room for the number.
  const room = limit - (messageBytes({ ...batch, body: new Uint8Array() }) + 10);
  const parts: Batch[] = [];
  let begin = 0;
  let end = 0;
  let rows = 0;
  const cut = (): void => {
    if (end === begin) throw tooLarge(batch, message_bytes_max);
    parts.push({ ...batch, id: `${batch.id}/${parts.length + 1}`, rows, body: body.subarray(begin, end) });
    begin = end;
    rows = 0;
  };
  while (end < body.length) {
    const feed = body.indexOf(LINE_FEED, end);
    const next = feed === -1 ? body.length : feed + 1;
    if (next - begin > room) cut();
    if (next - begin > room) throw tooLarge(batch, message_bytes_max);
    if (next - end > 1) rows += 1;
    end = next;
  }
  cut();
  return parts;
}

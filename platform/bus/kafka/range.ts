import type { OffsetRange } from '../partition-positions.ts';

export interface RangeLimits {
  /** Bodies, bytes. */
  readonly delivery_bytes_max: number;
  readonly delivery_rows_max: number;
}

/** What the limits count of a message. */
export interface Measured {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
}

/**
 * Cuts messages that follow each other into ranges within the limits; a message that is larger alone goes alone, and what
 * came in one message (a pack) is not parted, so that a range is over by up to one. A range begins where the one before it ended, the first one at `from`: offsets that hold no message belong to the range
 * of the next one.
 */
export function* cutRanges<M extends Measured>(
  messages: readonly M[],
  from: number,
  limits: RangeLimits,
): Generator<{ range: OffsetRange; messages: readonly M[] }> {
  let begin = from;
  let own: M[] = [];
  let bytes = 0;
  let rows = 0;
  for (const message of messages) {
    const last = own.at(-1);
    const isFull =
      bytes + message.bytes > limits.delivery_bytes_max || rows + message.rows > limits.delivery_rows_max;
    if (last !== undefined && last.offset !== message.offset && isFull) {
      yield { range: { from: begin, to: last.offset + 1 }, messages: own };
      begin = last.offset + 1;
      own = [];
      bytes = 0;
      rows = 0;
    }
    own.push(message);
    bytes += message.bytes;
    rows += message.rows;
  }
  const last = own.at(-1);
  if (last !== undefined) yield { range: { from: begin, to: last.offset + 1 }, messages: own };
}

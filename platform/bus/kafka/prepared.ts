import type { Batch } from '../bus.ts';

/**
 * A batch that has got the name by which readers tell its copies apart. From here on it is always sent under this
 * name: again after a failure, and again by a later process that finds it on the disk.
 */
export interface PreparedBatch {
  readonly batch: Batch;
  /** Null: prepared before the topic was ever seen; by its key when it is sent. */
  readonly partition: number | null;
  /** Unique to a writer of a process. */
  readonly producer: string;
  /**
   * Rises with each batch of the producer in a partition, by 1 as long as none is given up. Readers drop what is not
   * above the highest they have stored, so a batch must never be sent before one of its partition and producer that
   * is lower and still to be sent.
   */
  readonly sequence: number;
}

const SPOOLED_ID = /^(.*) (-|\d+) (\S+) (\d+)$/s;

/** As a batch that any spool can keep: the name goes into the id. */
export function toSpooled({ batch, partition, producer, sequence }: PreparedBatch): Batch {
  return { ...batch, id: `${batch.id} ${partition ?? '-'} ${producer} ${sequence}` };
}

/** What {@link toSpooled} was given; undefined when the batch does not come from there. */
export function fromSpooled(spooled: Batch): PreparedBatch | undefined {
  const [, id, partition, producer, sequence] = SPOOLED_ID.exec(spooled.id) ?? [];
  if (id === undefined || producer === undefined) return undefined;
  return {
    batch: { ...spooled, id },
    partition: partition === '-' ? null : Number(partition),
    producer,
    sequence: Number(sequence),
  };
}

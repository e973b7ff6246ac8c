import { randomUUID } from 'node:crypto';
import type { Batch } from '../bus.ts';
import { partitionOf } from './partitioner.ts';
import type { PreparedBatch } from './prepared.ts';

const UNPLACED = 'any-';

/** The name of a producer that numbers through all partitions, not each for itself. */
export function unplacedProducer(name: string): string {
  return `${UNPLACED}${name}`;
}

/** Whether the producer's numbers rise by 1 in a partition; of the others' one that is left out tells nothing. */
export function numbersEachPartition(producer: string): boolean {
  return !producer.startsWith(UNPLACED);
}

/** Gives batches their names: this process's producer and the next number of their partition. */
export class Sequencer {
  readonly #producer = randomUUID();
  readonly #next = new Map<number, number>();
  /** Of batches whose partition is not known yet: numbered through, so that their numbers rise in any partition. */
  readonly #unplacedProducer = unplacedProducer(randomUUID().replaceAll('-', ''));
  #nextUnplaced = 0;

  /** `partitions`: how many the topic has; null while that is not known. */
  prepare(batch: Batch, partitions: number | null): PreparedBatch {
    if (partitions === null) {
      const sequence = this.#nextUnplaced;
      this.#nextUnplaced += 1;
      return { batch, partition: null, producer: this.#unplacedProducer, sequence };
    }
    const partition = partitionOf(batch.key, partitions);
    const sequence = this.#next.get(partition) ?? 0;
    this.#next.set(partition, sequence + 1);
    return { batch, partition, producer: this.#producer, sequence };
  }
}

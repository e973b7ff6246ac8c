import { numbersEachPartition } from './sequencer.ts';

/** Who wrote a message, and the how manieth of its partition it is of theirs. */
export interface ProducerSequence {
  readonly producer: string;
  readonly sequence: number;
}

export interface WithoutCopies<M> {
  readonly messages: readonly M[];
  readonly copies: number;
  /** Sequences that were skipped: batches that their producer gave up, or that were lost on the way. */
  readonly skipped: number;
  /** Of each producer that has a message here the highest sequence. */
  readonly sequences: ReadonlyMap<string, number>;
}

/**
 * A client that does not learn the fate of a message sends it again, and both may be in the log. A producer numbers its
 * messages of a partition upwards, so what is not above the highest known number of its producer is a copy. Messages
 * without a number are all kept.
 */
export function withoutCopies<M>(
  messages: readonly M[],
  known: ReadonlyMap<string, number>,
  sequenceOf: (message: M) => ProducerSequence | null,
): WithoutCopies<M> {
  const sequences = new Map<string, number>();
  const kept: M[] = [];
  let copies = 0;
  let skipped = 0;
  for (const message of messages) {
    const numbered = sequenceOf(message);
    if (numbered === null) {
      kept.push(message);
      continue;
    }
    const { producer, sequence } = numbered;
    const highest = sequences.get(producer) ?? known.get(producer);
    if (highest !== undefined && sequence <= highest) {
      copies += 1;
      continue;
    }
    if (highest !== undefined && numbersEachPartition(producer)) skipped += sequence - highest - 1;
    sequences.set(producer, sequence);
    kept.push(message);
  }
  return { messages: kept, copies, skipped, sequences };
}

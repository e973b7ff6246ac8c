import { expect, it } from 'vitest';
import { withoutCopies } from '../../../../../platform/bus/kafka/copies.ts';
import { partitionOf } from '../../../../../platform/bus/kafka/partitioner.ts';
import type { PreparedBatch } from '../../../../../platform/bus/kafka/prepared.ts';
import { Sequencer, unplacedProducer } from '../../../../../platform/bus/kafka/sequencer.ts';
import { batchOf } from '../../../../support/kafka-writer.ts';

const PARTITIONS = 3;
const batches = Array.from({ length: 60 }, (_, n) => batchOf(`job-${n % 10}`));

/** What a reader finds of them in each partition, in order. */
function inPartitions(prepared: readonly PreparedBatch[]): PreparedBatch[][] {
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    prepared.filter(({ batch }) => partitionOf(batch.key, PARTITIONS) === partition),
  );
}

const read = (messages: readonly PreparedBatch[]) => withoutCopies(messages, new Map(), (message) => message);

it('numbers each partition, so that what is left out of one is seen', () => {
  const sequencer = new Sequencer();
  const own = inPartitions(batches.map((batch) => sequencer.prepare(batch, PARTITIONS)));
  expect(own.map((messages) => read(messages).skipped)).toEqual([0, 0, 0]);
  const first = own[0] ?? [];
  expect(read(first.filter((_, n) => n !== 1 && n !== 4)).skipped).toBe(2);
});

it('numbers through what has no partition yet, which leaves nothing out of one, and copies are seen', () => {
  const sequencer = new Sequencer();
  const unplaced = inPartitions(batches.map((batch) => sequencer.prepare(batch, null)));
  for (const messages of unplaced) {
    expect(messages.length).toBeGreaterThan(5);
    expect(read(messages)).toMatchObject({ messages, copies: 0, skipped: 0 });
    expect(read([...messages, ...messages])).toMatchObject({ messages, copies: messages.length, skipped: 0 });
  }
});

it('gives names that are no longer than a uuid', () => {
  const sequencer = new Sequencer();
  const [placed, unplaced] = [PARTITIONS, null].map((of) => sequencer.prepare(batchOf('a'), of).producer);
  expect([placed?.length, unplaced?.length]).toEqual([36, 36]);
  expect(unplacedProducer('x')).not.toBe('x');
});

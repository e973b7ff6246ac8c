/**
 * A process that reads Kafka, to be killed or suspended: argv[2] is its configuration as JSON. Positions and tables are
 * its parent's, which is asked over the process's channel and so knows what was begun and stored when it ends.
 */
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import type { PartitionClaim } from '../../platform/bus/partition-positions.ts';
import { type Fence, Fenced } from '../../platform/fence.ts';
import { createLog } from '../../platform/log.ts';
import type { ReaderAnswer, ReaderQuestion } from './reader-child.ts';

const config = JSON.parse(process.argv[2] ?? '') as KafkaConfig;
const waiting = new Map<number, (answer: ReaderAnswer) => void>();
let questions = 0;

process.on('message', (message) => {
  if (message === 'stop') {
    void reader.stop().then(() => process.exit(0));
    return;
  }
  const answer = message as ReaderAnswer;
  waiting.get(answer.id)?.(answer);
  waiting.delete(answer.id);
});

async function ask(question: Omit<ReaderQuestion, 'id'>, fence?: Fence): Promise<unknown> {
  questions += 1;
  const id = questions;
  const answer = await new Promise<ReaderAnswer>((resolve) => {
    waiting.set(id, resolve);
    process.send?.({ ...question, id });
  });
  if (answer.outcome === 'done') return answer.value;
  if (answer.outcome === 'fenced' && fence !== undefined) throw new Fenced(fence);
  throw new Error('the store is away');
}

const reader = new KafkaReader({
  config,
  log: createLog('warn'),
  positions: {
    async claim(topic, partition) {
      const claim = (await ask({ call: 'claim', args: [topic, partition] })) as {
        fence: Fence;
        position: Omit<PartitionClaim['position'], 'sequences'> & { sequences: [string, number][] };
      };
      return { ...claim, position: { ...claim.position, sequences: new Map(claim.position.sequences) } };
    },
    begin: async (fence, range) => void (await ask({ call: 'begin', args: [fence, range] }, fence)),
    finish: async (fence, range, sequences, ahead = 0) =>
      void (await ask({ call: 'finish', args: [fence, range, [...sequences], ahead] }, fence)),
  },
  deadLetters: { counts: new Map(), put: async () => undefined },
});
reader.run(async ({ batches, ...delivery }) => {
  const ids = batches.map(({ id }) => id);
  await ask({ call: 'insert', args: [{ ...delivery, ids }] }, delivery.fence);
});
void reader.failed.then(() => process.exit(1));
setInterval(() => process.send?.({ call: 'stats', id: 0, args: [reader.stats()] }), 100).unref();

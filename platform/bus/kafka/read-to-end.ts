import { randomUUID } from 'node:crypto';
import type { KafkaAdmin, KafkaClient, ReceivedMessage } from './client.ts';

/**
 * Reads a topic from its start to where it ends now, partition by partition in order, and leaves nothing behind at the
 * brokers. A topic that is not there is empty. Rejects when the brokers cannot be reached.
 */
export async function readToEnd(
  client: KafkaClient,
  topic: string,
  take: (message: ReceivedMessage) => void,
): Promise<void> {
  const admin = client.admin();
  await admin.connect();
  try {
    const open = await openPartitions(admin, topic);
    if (open.size === 0) return;
    const group = `headway-reads-${randomUUID()}`;
    await readPartitions(client, { topic, group, open }, take);
    await admin.deleteGroups([group]).catch(() => undefined);
  } finally {
    await admin.disconnect();
  }
}

/** Of partitions that hold anything, the offset behind the last message. */
async function openPartitions(admin: KafkaAdmin, topic: string): Promise<Map<number, number>> {
  if (!(await admin.listTopics()).includes(topic)) return new Map();
  const ends = await admin.fetchTopicOffsets(topic);
  return new Map(
    ends.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, Number(high)]),
  );
}

interface Reading {
  readonly topic: string;
  readonly group: string;
  readonly open: Map<number, number>;
}

async function readPartitions(
  client: KafkaClient,
  { topic, group, open }: Reading,
  take: (message: ReceivedMessage) => void,
): Promise<void> {
  const consumer = client.consumer({
    groupId: group,
    // What leaving waits for.
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
  });
  let settle: { resolve: () => void; reject: (cause: Error) => void } | undefined;
  const finished = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) settle?.reject(payload.error);
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const end = open.get(batch.partition);
        if (end === undefined) return;
        for (const message of batch.messages) if (Number(message.offset) < end) take(message);
        if (Number(batch.lastOffset()) >= end - 1) open.delete(batch.partition);
        if (open.size === 0) settle?.resolve();
      },
    });
    await finished;
  } finally {
    await consumer.disconnect();
  }
}

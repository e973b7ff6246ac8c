import { randomUUID } from 'node:crypto';
import { createKafkaClient, type KafkaAdmin, type ReceivedMessage } from '../../platform/bus/kafka/client.ts';
import { KAFKA_DEFAULTS, type KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { type DecodedMessage, decodeMessage } from '../../platform/bus/kafka/message.ts';
import { silentLog } from '../../platform/log.ts';
import { eventually } from './loopback.ts';

/** The configuration of a topic of its own on brokers that a test started. */
export function kafkaConfig(brokers: readonly string[], own: Partial<KafkaConfig> = {}): KafkaConfig {
  return {
    ...KAFKA_DEFAULTS,
    brokers,
    topic: `topic-${randomUUID()}`,
    partitions: 4,
    replication_factor: brokers.length,
    min_insync_replicas: brokers.length === 1 ? 1 : 2,
    ...own,
  };
}

export async function withAdmin<T>(config: KafkaConfig, ask: (admin: KafkaAdmin) => Promise<T>): Promise<T> {
  const admin = createKafkaClient(config, silentLog).admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

export interface TopicMessage {
  readonly partition: number;
  readonly offset: number;
  readonly raw: ReceivedMessage;
  readonly decoded: DecodedMessage;
}

/** Everything that is in the topic now, in the order of each partition; of a pack each batch. */
export async function readTopic(config: KafkaConfig): Promise<TopicMessage[]> {
  const ends = await withAdmin(config, (admin) =>
    eventually(() => admin.fetchTopicOffsets(config.topic), { limit_ms: 30_000 }),
  );
  const open = new Map(
    ends.filter(({ high, low }) => high !== low).map(({ partition, high }) => [partition, Number(high)]),
  );
  if (open.size === 0) return [];
  const messages: TopicMessage[] = [];
  const consumer = createKafkaClient(config, silentLog).consumer({
    groupId: randomUUID(),
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 8 * 1024 ** 2,
    allowAutoTopicCreation: false,
  });
  let finish: () => void = () => undefined;
  let fail: (cause: unknown) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  consumer.on('consumer.crash', ({ payload }) => {
    // A coordinator that has just started is still loading: the consumer begins anew by itself.
    if (!payload.restart) fail(payload.error);
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: config.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { partition, messages: found } }) => {
        for (const raw of found) {
          const offset = Number(raw.offset);
          for (const decoded of decodeMessage(raw)) messages.push({ partition, offset, raw, decoded });
        }
        const last = Number(found.at(-1)?.offset ?? -1);
        if (last + 1 >= (open.get(partition) ?? 0)) open.delete(partition);
        if (open.size === 0) finish();
      },
    });
    await finished;
  } finally {
    await consumer.disconnect();
  }
  return messages;
}

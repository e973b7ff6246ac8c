import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Batch, DeliveryHandler } from '../../platform/bus/bus.ts';
import type {
  DeadLetter,
  DeadLetterOrigin,
  DeadLetterReason,
  DeadLetters,
} from '../../platform/bus/dead-letters.ts';
import { createKafkaClient, type KafkaAdmin, type SentMessage } from '../../platform/bus/kafka/client.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { encodeMessage } from '../../platform/bus/kafka/message.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import { KAFKA_READER_DEFAULTS, type KafkaReaderConfig } from '../../platform/bus/kafka/reader-config.ts';
import { topicSettings } from '../../platform/bus/kafka/topic.ts';
import { type Log, silentLog } from '../../platform/log.ts';
import { kafkaConfig } from './kafka-read-back.ts';
import { eventually } from './loopback.ts';
import { MemoryPositions, MemoryTable } from './memory-positions.ts';

/** A topic of its own on a real broker, with what a test of its readers does to it. */
export interface TestTopic {
  readonly config: KafkaConfig;
  readonly admin: KafkaAdmin;
  /** Puts batches into a partition as our writer does, one message each; their sequences go on from call to call. */
  publish(partition: number, batches: readonly Batch[]): Promise<void>;
  /** The same under sequences that were used before. */
  publishAgain(partition: number, batches: readonly Batch[], first_sequence: number): Promise<void>;
  send(partition: number, messages: readonly SentMessage[]): Promise<void>;
  /** One message in a transaction of its own. */
  transaction(partition: number, value: string, outcome: 'commit' | 'abort'): Promise<void>;
  /** The node that keeps the group, as the brokers count them from 0. */
  coordinator(): Promise<number>;
  /** What Kafka's own tools would show. */
  committed(): Promise<ReadonlyMap<number, number>>;
  remove(): Promise<void>;
  make(): Promise<void>;
}

export interface ReaderBench {
  readonly topic: TestTopic;
  readonly positions: MemoryPositions;
  readonly table: MemoryTable;
  readonly letters: KeptLetters;
  /** Another reader of the group; stopped when the test ends. */
  start(handler?: DeliveryHandler, own?: Partial<KafkaReaderConfig>): KafkaReader;
}

export interface BenchOptions {
  readonly partitions?: number;
  readonly reader?: Partial<KafkaReaderConfig>;
  readonly decompressed_bytes_max?: number;
  readonly log?: Log;
}

/** A batch that a test tells by its id; nobody looks at its body. */
export function testBatch(id: string, bytes = 20): Batch {
  return {
    id,
    kind: 'run_events',
    schemaVersion: 1,
    key: 'job',
    rows: 1,
    body: Buffer.alloc(bytes, `${id} `),
  };
}

export class KeptLetters implements DeadLetters {
  readonly all: { letter: DeadLetter; reason: string; origin: DeadLetterOrigin | undefined }[] = [];
  readonly counts = new Map();
  async put(letter: DeadLetter, { text }: DeadLetterReason, origin?: DeadLetterOrigin): Promise<void> {
    this.all.push({ letter, reason: text, origin });
  }
}

/** So that a test waits for nothing but work. */
export const QUICK_READER: KafkaReaderConfig = {
  ...KAFKA_READER_DEFAULTS,
  fetch_wait_timeout_s: 0.1,
  heartbeat_interval_s: 0.3,
  retry_first_s: 0.05,
  retry_max_s: 0.5,
  metadata_interval_s: 0.5,
  offsets_interval_s: 0.3,
};

/** For one test, which it is cleaned up after. */
export async function readerBench(
  brokers: readonly string[],
  { partitions = 1, reader = {}, log = silentLog, ...more }: BenchOptions = {},
): Promise<ReaderBench> {
  const topic = `topic-${randomUUID()}`;
  const own = {
    topic,
    partitions,
    group: `group-of-${topic}`,
    reader: { ...QUICK_READER, ...reader },
    ...more,
  };
  const config = kafkaConfig(brokers, own);
  const test = await createTestTopic(config);
  const positions = new MemoryPositions();
  const table = new MemoryTable(positions);
  const letters = new KeptLetters();
  return {
    ...{ topic: test, positions, table, letters },
    start(handler = table.insert, more = {}) {
      const deps = { config: { ...config, reader: { ...config.reader, ...more } }, positions, log };
      const started = new KafkaReader({ ...deps, deadLetters: letters });
      onTestFinished(() => started.stop());
      started.run(handler);
      return started;
    },
  };
}

async function createTestTopic(config: KafkaConfig): Promise<TestTopic> {
  const client = createKafkaClient(config, silentLog);
  const admin = client.admin();
  const producer = client.producer({ allowAutoTopicCreation: false, metadataMaxAge: 0 });
  onTestFinished(async () => void (await Promise.all([admin.disconnect(), producer.disconnect()])));
  await Promise.all([admin.connect(), producer.connect()]);
  await make(admin, config);
  const { topic, group: groupId } = config;
  const name = randomUUID();
  const sent = new Map<number, number>();
  const send = async (partition: number, messages: readonly SentMessage[]) => {
    const all = messages.map((message) => ({ ...message, partition }));
    const results = await producer.send({ topic, acks: -1, messages: all });
    // The client resolves also for a partition that it does not know of.
    if (!results.some((result) => result.partition === partition)) throw new Error('not stored');
  };
  const publishAgain: TestTopic['publishAgain'] = (partition, batches, first) =>
    send(
      partition,
      batches.map((batch, n) =>
        encodeMessage([{ batch, partition, producer: name, sequence: first + n }], Date.now()),
      ),
    );
  return {
    ...{ config, admin, send, publishAgain },
    async publish(partition, batches) {
      // What failed keeps its sequences: the same batches again are copies.
      const first = sent.get(partition) ?? 0;
      await publishAgain(partition, batches, first);
      sent.set(partition, first + batches.length);
    },
    async transaction(partition, value, outcome) {
      const own = client.producer({ transactionalId: name, idempotent: true, maxInFlightRequests: 1 });
      await own.connect();
      const transaction = await own.transaction();
      await transaction.send({ topic, messages: [{ partition, value }] });
      await transaction[outcome]();
      await own.disconnect();
    },
    async coordinator() {
      // GroupCoordinator keeps a group where this partition of its topic is led (Kafka 3.9, partitionFor).
      const { topics } = await admin.fetchTopicMetadata({ topics: ['__consumer_offsets'] });
      const all = topics[0]?.partitions ?? [];
      const own = (javaHash(groupId) & 0x7fffffff) % all.length;
      return (all.find(({ partitionId }) => partitionId === own)?.leader ?? 0) - 1;
    },
    async committed() {
      const [known] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return new Map((known?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
    },
    async remove() {
      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => !(await admin.listTopics()).includes(topic) || undefined);
    },
    make: () => make(admin, config),
  };
}

async function make(admin: KafkaAdmin, config: KafkaConfig): Promise<void> {
  const configEntries = Object.entries(topicSettings(config)).map(([name, value]) => ({ name, value }));
  const { topic, partitions: numPartitions, replication_factor: replicationFactor } = config;
  await admin.createTopics({
    waitForLeaders: false,
    topics: [{ topic, numPartitions, replicationFactor, configEntries }],
  });
  await eventually(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics[0]?.partitions ?? [];
    const isReady = ({ leader, isr }: { leader: number; isr: number[] }) =>
      leader >= 0 && isr.length === replicationFactor;
    return (partitions.length === numPartitions && partitions.every(isReady)) || undefined;
  });
}

/** java.lang.String.hashCode */
function javaHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

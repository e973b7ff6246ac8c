import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKafkaClient, type KafkaProducer, type SentMessage } from '../../platform/bus/kafka/client.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { partitionOf } from '../../platform/bus/kafka/partitioner.ts';
import { silentLog } from '../../platform/log.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { leads } from '../support/kafka-leadership.ts';
import { kafkaConfig, readTopic, withAdmin } from '../support/kafka-read-back.ts';
import { batchOf, openedWriter } from '../support/kafka-writer.ts';
import { eventually } from '../support/loopback.ts';
import { withPlainKafkajs } from '../support/plain-kafkajs.ts';

/** The producer of the client as its documentation has it, for what happens without the writer. */
async function naiveProducer(
  config: KafkaConfig,
  own: { readonly idempotent?: boolean } = {},
): Promise<KafkaProducer> {
  const producer = createKafkaClient(config, silentLog).producer({ retry: { retries: 20 }, ...own });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer;
}

async function valuesOf(config: KafkaConfig): Promise<string[]> {
  const found = await readTopic(config);
  return found.map(({ raw }) => raw.value?.toString() ?? '').sort();
}

/** Keys of partition 0 and of partition 1 of two. */
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const KEY_0 = KEYS.find((key) => partitionOf(key, 2) === 0) ?? '';
const KEY_1 = KEYS.find((key) => partitionOf(key, 2) === 1) ?? '';

describeWithKafka('a leader that moved to a broker which has answered already', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ nodes: 3 });
  });
  afterAll(() => broker.stop());

  /** Two partitions on the first and on the second broker. */
  async function twoLeaders(): Promise<KafkaConfig> {
    const config = kafkaConfig(broker.brokers, {
      partitions: 2,
      replication_factor: 1,
      min_insync_replicas: 1,
    });
    const replicaAssignment = [0, 1].map((partition) => ({
      partition,
      replicas: [broker.nodeId(partition)],
    }));
    await withAdmin(config, (admin) =>
      admin.createTopics({
        topics: [
          {
            topic: config.topic,
            replicaAssignment,
            configEntries: [{ name: 'min.insync.replicas', value: '1' }],
          },
        ],
        waitForLeaders: false,
      }),
    );
    await led(config, broker.nodeId(0), broker.nodeId(1));
    return config;
  }

  /** Resolves when the brokers serve the two partitions as these leaders, and every other refuses to. */
  async function led(config: KafkaConfig, ...leaders: readonly number[]): Promise<void> {
    for (const [n, address] of broker.brokers.entries()) {
      for (const [partition, leader] of leaders.entries()) {
        const expected = leader === broker.nodeId(n);
        await eventually(
          async () => (await leads(address, config.topic, partition)) === expected || undefined,
        );
      }
    }
    // And the client, which asks any of them, hears the same from whichever it asks.
    await withAdmin(config, (admin) => eventually(() => admin.fetchTopicOffsets(config.topic)));
  }

  /** The second partition goes to the first broker, which a client that has asked before does not know. */
  async function moveLeader(config: KafkaConfig): Promise<void> {
    await withAdmin(config, (admin) =>
      admin.alterPartitionReassignments({
        topics: [
          { topic: config.topic, partitionAssignment: [{ partition: 1, replicas: [broker.nodeId(0)] }] },
        ],
      }),
    );
    await led(config, broker.nodeId(0), broker.nodeId(0));
  }

  const each = (value: string): SentMessage[] => [
    { partition: 0, value: `${value}-0` },
    { partition: 1, value: `${value}-1` },
  ];

  it.each([{ idempotent: false }, { idempotent: true }])(
    'loses what the client alone acknowledged (idempotent: $idempotent)',
    async ({ idempotent }) => {
      const config = await twoLeaders();
      const producer = await naiveProducer(config, { idempotent });
      await producer.send({ topic: config.topic, messages: each('before') });
      await moveLeader(config);
      const result = await producer.send({ topic: config.topic, messages: each('after') });
      // Acknowledged, and half of it is nowhere. The one trace of it is that the result does not name the partition.
      expect(await valuesOf(config)).toEqual(['after-0', 'before-0', 'before-1']);
      expect(result.map(({ partition }) => partition)).toEqual([0]);
    },
  );

  it('loses and doubles what has no partition, for the client alone chooses again with each try', async () => {
    const config = await twoLeaders();
    const producer = await naiveProducer(config);
    await producer.send({ topic: config.topic, messages: each('before') });
    await moveLeader(config);
    const messages = Array.from({ length: 101 }, (_, n) => ({ value: `${n}` }));
    await producer.send({ topic: config.topic, messages });
    const found = new Set(await valuesOf(config));
    expect(messages.filter(({ value }) => !found.has(value)).length).toBeGreaterThan(20);
  });

  it('loses nothing of the writer', async () => {
    const config = await twoLeaders();
    const writer = openedWriter(config);
    const publish = (text: string) =>
      writer.publish([batchOf(KEY_0, `${text}-0`), batchOf(KEY_1, `${text}-1`)]);
    await publish('before');
    await moveLeader(config);
    await publish('after');
    expect(await valuesOf(config)).toEqual(['after-0', 'after-1', 'before-0', 'before-1']);
    expect(writer.stats()).toMatchObject({ unfounded_successes: 0 });
    // It went over the same stone: one request was for the old leader.
    expect(writer.stats().failed_requests).toBeGreaterThan(0);
  });
});

describeWithKafka('what the client does with many and with large messages', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ properties: { 'auto.create.topics.enable': true } });
  });
  afterAll(() => broker.stop());

  async function made(own: Partial<KafkaConfig> = {}): Promise<KafkaConfig> {
    const config = kafkaConfig(broker.brokers, { partitions: 1, ...own });
    await openedWriter(config).connected();
    return config;
  }

  describe('one request for each send', () => {
    it('is what the client alone makes', async () => {
      const config = await made();
      const producer = await naiveProducer(config);
      let requests = 0;
      producer.on('producer.network.request', ({ payload }) => {
        if (payload.apiName === 'Produce') requests += 1;
      });
      const send = (n: number) => producer.send({ topic: config.topic, messages: [{ value: `${n}` }] });
      await Promise.all(Array.from({ length: 300 }, (_, n) => send(n)));
      expect(requests).toBe(300);
    });

    it('is not what the writer makes: what comes meanwhile goes together', async () => {
      const config = await made();
      const writer = openedWriter(config);
      await writer.connected();
      await Promise.all(Array.from({ length: 300 }, () => writer.publish([batchOf('job')])));
      expect(writer.stats().acknowledged_batches).toBe(300);
      expect(writer.stats().requests).toBeLessThan(5);
      expect(await readTopic(config)).toHaveLength(300);
    });
  });

  describe('copying all messages of a partition for each of them', () => {
    const COUNT = 3000;

    it('is what the client alone does, whose work grows with the square of them', async () => {
      const config = await made();
      const producer = await naiveProducer(config);
      const messages = Array.from({ length: COUNT }, (_, n) => ({ partition: 0, value: `${n}` }));
      const copied = await countCopies(messages, () => producer.send({ topic: config.topic, messages }));
      expect(copied).toBeGreaterThan((COUNT * COUNT) / 2 - COUNT);
    });

    it('is bounded by the writer, which sends less of them together', async () => {
      const config = await made();
      const { messages_per_send_max } = config.writer;
      const writer = openedWriter(config);
      await writer.connected();
      await writer.publish(Array.from({ length: COUNT }, (_, n) => batchOf('job', `${n}`)));
      expect(writer.stats().requests).toBeGreaterThanOrEqual(COUNT / messages_per_send_max);
      expect(await readTopic(config)).toHaveLength(COUNT);
    });

    /** Elements that array spreads of these messages step over. */
    async function countCopies(messages: readonly object[], send: () => Promise<unknown>): Promise<number> {
      const [first] = messages;
      const original = Array.prototype[Symbol.iterator];
      let copied = 0;
      Array.prototype[Symbol.iterator] = function (this: unknown[]) {
        if (this[0] === first && this !== messages) copied += this.length;
        return original.call(this);
      };
      try {
        await send();
      } finally {
        Array.prototype[Symbol.iterator] = original;
      }
      return copied;
    }
  });

  describe('two messages of 3 MiB, where a message may have 4', () => {
    const body = Buffer.alloc(3 * 1024 ** 2, 'x');

    it('are refused for good when the client alone sends them together: the limit is on both', async () => {
      const config = await made();
      const producer = await naiveProducer(config);
      const messages = [1, 2].map(() => ({ partition: 0, value: body }));
      await expect(producer.send({ topic: config.topic, messages })).rejects.toMatchObject({
        type: 'MESSAGE_TOO_LARGE',
        retriable: false,
      });
    });

    it('are there when the writer publishes them together', async () => {
      const config = await made();
      const writer = openedWriter(config);
      await writer.publish([batchOf('job', body), batchOf('job', body)]);
      expect((await readTopic(config)).map(({ raw }) => raw.value?.length)).toEqual([
        body.length,
        body.length,
      ]);
    });
  });

  describe('a topic that is not there, on brokers that make what they are asked for', () => {
    it('comes with one partition and their defaults from the client alone', async () => {
      const config = kafkaConfig(broker.brokers);
      const producer = await naiveProducer(config);
      await producer.send({ topic: config.topic, messages: [{ value: 'x' }] });
      const { topics } = await withAdmin(config, (admin) =>
        admin.fetchTopicMetadata({ topics: [config.topic] }),
      );
      expect(topics[0]?.partitions).toHaveLength(1);
    });

    it('comes from the writer as it is configured', async () => {
      const config = kafkaConfig(broker.brokers);
      const writer = openedWriter(config);
      await writer.publish([batchOf('job')]);
      const { topics } = await withAdmin(config, (admin) =>
        admin.fetchTopicMetadata({ topics: [config.topic] }),
      );
      expect(topics[0]?.partitions).toHaveLength(config.partitions);
      expect(writer.stats().partitions).toBe(config.partitions);
    });
  });

  describe('timers of a connection with nothing to do', () => {
    it('run for ever, and as fast as they can, in the client alone', async () => {
      const timers = await withPlainKafkajs(
        broker.brokers,
        `
        const producer = new kafkajs.Kafka({ brokers }).producer();
        await producer.connect();
        let timers = 0;
        const original = setTimeout;
        globalThis.setTimeout = (run, ms, ...rest) => {
          if (ms < 0) timers += 1;
          if (timers === 20) answer(timers);
          return original(run, ms, ...rest);
        };
        original(() => answer(timers), 30_000);
        `,
      );
      expect(timers).toBe(20);
    });

    it('are none in the repaired one', async () => {
      const config = await made();
      const producer = await naiveProducer(config);
      await producer.send({ topic: config.topic, messages: [{ value: 'x' }] });
      const original = globalThis.setTimeout;
      let timers = 0;
      const counting = (run: () => void, ms?: number) => {
        if (ms !== undefined && ms < 0) timers += 1;
        return original(run, ms);
      };
      globalThis.setTimeout = Object.assign(counting, original) as typeof original;
      try {
        await producer.send({ topic: config.topic, messages: [{ value: 'y' }] });
        await new Promise((resolve) => original(resolve, 200));
      } finally {
        globalThis.setTimeout = original;
      }
      expect(timers).toBe(0);
    });
  });
});

import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, kcat, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic, withAdmin } from '../support/kafka-read-back.ts';
import { batchOf, openedWriter } from '../support/kafka-writer.ts';
import { withPlainKafkajs } from '../support/plain-kafkajs.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

describeWithKafka('messages that somebody compressed', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let broker: KafkaBroker;
  beforeAll(async () => {
    folder = await makeFolder();
    broker = await startKafka({ folder: folder.path });
  });
  afterAll(async () => {
    await broker.stop();
    await folder.remove();
  });

  /** What the broker keeps of a topic of one partition. */
  async function logBytes({ topic }: KafkaConfig): Promise<number> {
    const own = join(folder.path, 'node-1/data', `${topic}-0`);
    const files = (await readdir(own)).filter((name) => name.endsWith('.log'));
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(own, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async function topic(own: Partial<KafkaConfig> = {}, settings: Record<string, string> = {}) {
    const config = kafkaConfig(broker.brokers, { partitions: 1, ...own });
    const configEntries = Object.entries({ 'max.message.bytes': '4194304', ...settings }).map(
      ([name, value]) => ({ name, value }),
    );
    await withAdmin(config, (admin) =>
      admin.createTopics({
        topics: [{ topic: config.topic, numPartitions: 1, configEntries }],
        waitForLeaders: true,
      }),
    );
    return config;
  }

  const lines = Array.from({ length: 2000 }, (_, n) => `{"n":${n},"text":"${'abc'.repeat(n % 50)}"}`);

  it.each(['snappy', 'lz4', 'zstd'])(
    'with %s end the consumer of the client alone for good',
    async (codec) => {
      const config = await topic();
      kcat(broker.brokers, ['-P', '-t', config.topic, '-z', codec], lines.join('\n'));
      const crash = await withPlainKafkajs(
        broker.brokers,
        `
      const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
      const consumer = client.consumer({ groupId: 'plain-${codec}' });
      consumer.on('consumer.crash', ({ payload }) => {
        // A coordinator that is still loading is another matter.
        if (!payload.restart) answer({ name: payload.error.name, restart: payload.restart });
      });
      await consumer.connect();
      await consumer.subscribe({ topic: '${config.topic}', fromBeginning: true });
      await consumer.run({ eachMessage: async () => answer('read') });
      `,
      );
      expect(crash).toEqual({ name: 'KafkaJSNotImplemented', restart: false });
    },
  );

  describe.each(CODECS)('with %s', (codec) => {
    it('by kcat are read', async () => {
      const config = await topic();
      kcat(broker.brokers, ['-P', '-t', config.topic, '-z', codec], lines.join('\n'));
      const found = await readTopic(config);
      expect(
        found.map(({ decoded }) => decoded.kind === 'foreign' && Buffer.from(decoded.value).toString()),
      ).toEqual(lines);
      // Proof that something was compressed: the log of the topic is smaller than the lines.
      expect(await logBytes(config)).toBeLessThan(lines.join('').length / 2);
    });

    it('by the broker itself are read', async () => {
      const config = await topic({}, { 'compression.type': codec });
      const writer = openedWriter(config);
      const batches = lines.map((line) => batchOf('job', line));
      await Promise.all(batches.map((batch) => writer.publish([batch])));
      const found = await readTopic(config);
      expect(found.map(({ decoded }) => decoded.kind === 'batch' && decoded.batch)).toEqual(batches);
      expect(await logBytes(config)).toBeLessThan(lines.join('').length);
    });

    it('and become more than the limit are one unreadable message, and what follows is read', async () => {
      const config = await topic({ decompressed_bytes_max: 100_000 });
      const size = ['-X', 'message.max.bytes=4000000'];
      kcat(broker.brokers, ['-P', '-t', config.topic, '-z', codec, ...size], 'a'.repeat(1_000_000));
      kcat(broker.brokers, ['-P', '-t', config.topic, '-z', codec], 'after');
      const [bomb, after, ...others] = await readTopic(config);
      expect(bomb?.offset).toBe(0);
      expect(bomb?.decoded.kind === 'unreadable' && bomb.decoded.reason).toMatch(
        /decompressed_bytes_max \(100000\)/,
      );
      expect(after).toMatchObject({ offset: 1, decoded: { kind: 'foreign', value: Buffer.from('after') } });
      expect(others).toEqual([]);
    });
  });

  /** What a disk does in the end. The broker sends what is there, and compares nothing. */
  async function damage({ topic }: KafkaConfig, bytes: string): Promise<void> {
    const own = join(folder.path, 'node-1/data', `${topic}-0`);
    const [log] = (await readdir(own)).filter((name) => name.endsWith('.log'));
    const path = join(own, log ?? '');
    const at = (await readFile(path)).indexOf(bytes);
    if (at < 0) throw new Error(`${bytes} is not in ${path}`);
    const file = await open(path, 'r+');
    await file.write('X', at);
    await file.close();
  }

  it('and damaged on the disk of the broker are one unreadable message, never rows', async () => {
    const config = await topic();
    for (const line of ['before', 'damaged', 'after']) kcat(broker.brokers, ['-P', '-t', config.topic], line);
    await damage(config, 'damaged');
    const found = await readTopic(config);
    expect(found.map(({ offset }) => offset)).toEqual([0, 1, 2]);
    expect(found.map(({ decoded }) => decoded.kind)).toEqual(['foreign', 'unreadable', 'foreign']);
    const { decoded } = found[1] ?? {};
    expect(decoded?.kind === 'unreadable' && decoded.reason).toMatch(/it is damaged/);
  });

  it('and damaged are read by the client alone as if nothing were wrong', async () => {
    const config = await topic();
    kcat(broker.brokers, ['-P', '-t', config.topic], 'damaged');
    await damage(config, 'damaged');
    const value = await withPlainKafkajs(
      broker.brokers,
      `
      const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
      const consumer = client.consumer({ groupId: 'plain-damaged' });
      await consumer.connect();
      await consumer.subscribe({ topic: '${config.topic}', fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => answer(message.value.toString()) });
      `,
    );
    expect(value).toBe('Xamaged');
  });
}, ['kcat']);

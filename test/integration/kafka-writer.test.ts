import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { TOPIC_RESOURCE } from '../../platform/bus/kafka/client.ts';
import { type Log, silentLog } from '../../platform/log.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, kcat, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic, withAdmin } from '../support/kafka-read-back.ts';
import { batchOf, openedWriter } from '../support/kafka-writer.ts';
import { eventually } from '../support/loopback.ts';

describeWithKafka('the writer to Kafka', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  it('makes its topic and brings every batch there once, in the order published', async () => {
    const config = kafkaConfig(broker.brokers);
    const writer = openedWriter(config);
    const batches = Array.from({ length: 500 }, (_, n) => batchOf(`job-${n % 20}`, `{"n":${n}}\n`));
    await Promise.all(batches.map((batch) => writer.publish([batch])));
    const found = (await readTopic(config)).map(({ decoded }) => decoded);
    expect(found).toHaveLength(500);
    for (let job = 0; job < 20; job += 1) {
      const key = `job-${job}`;
      const own = found.flatMap((one) => (one.kind === 'batch' && one.batch.key === key ? [one.batch] : []));
      expect(own).toEqual(batches.filter((batch) => batch.key === key));
    }
  });

  it('makes the topic with the settings that acknowledging relies on', async () => {
    const config = kafkaConfig(broker.brokers, {
      partitions: 7,
      retention_hours: 5,
      message_bytes_max: 2 ** 21,
    });
    const writer = openedWriter(config);
    await writer.connected();
    const found = await withAdmin(config, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [config.topic] });
      expect(topics[0]?.partitions).toHaveLength(7);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: TOPIC_RESOURCE, name: config.topic }],
      });
      return resources[0]?.configEntries ?? [];
    });
    const settings = Object.fromEntries(
      found.map(({ configName, configValue }) => [configName, configValue]),
    );
    expect(settings).toMatchObject({
      'min.insync.replicas': '1',
      'retention.ms': '18000000',
      'cleanup.policy': 'delete',
      'max.message.bytes': '2097152',
      'unclean.leader.election.enable': 'false',
      'compression.type': 'producer',
      'message.timestamp.type': 'LogAppendTime',
    });
  });

  it('says what is dangerous about a topic that is there already, and takes its limits', async () => {
    const config = kafkaConfig(broker.brokers);
    const configEntries = [
      { name: 'max.message.bytes', value: '10000' },
      { name: 'cleanup.policy', value: 'compact' },
    ];
    await withAdmin(config, (admin) =>
      admin.createTopics({ topics: [{ topic: config.topic, numPartitions: 2, configEntries }] }),
    );
    const said: string[] = [];
    const log: Log = { ...silentLog, warn: (_, fields) => void said.push(String(fields?.['problem'])) };
    const writer = openedWriter(config, { log });
    await writer.connected();
    expect(said).toEqual([
      expect.stringContaining('max.message.bytes is 10000'),
      expect.stringContaining('cleanup.policy is compact'),
    ]);
    const lines = Array.from(
      { length: 1000 },
      (_, n) => `{"n":${n},"pad":"xxxxxxxxxxxxxxxxxxxxxxxx"}\n`,
    ).join('');
    await writer.publish([batchOf('job', lines)]);
    const found = await readTopic(config);
    expect(found.length).toBeGreaterThan(3);
    expect(Buffer.concat(found.map(({ raw }) => raw.value ?? Buffer.alloc(0))).toString()).toBe(lines);
    const large = { ...batchOf('node', Buffer.alloc(10_000)), kind: 'series' as const };
    await expect(writer.publish([large])).rejects.toMatchObject({ code: 'batch_too_large' });
  });

  it('sees partitions that are added while it runs, and loses nothing', async () => {
    const config = kafkaConfig(broker.brokers, { partitions: 2 });
    const writer = openedWriter({ ...config, writer: { ...config.writer, topic_interval_s: 0.2 } });
    await writer.connected();
    const batches = Array.from({ length: 200 }, (_, n) => batchOf(`job-${n}`));
    const half = batches.slice(0, 100).map((batch) => writer.publish([batch]));
    await withAdmin(config, (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: config.topic, count: 6 }] }),
    );
    await Promise.all(half);
    await eventually(() => writer.stats().partitions === 6 || undefined);
    await Promise.all(batches.slice(100).map((batch) => writer.publish([batch])));
    const found = await readTopic(config);
    expect(new Set(found.map(({ partition }) => partition)).size).toBe(6);
    const ids = found.flatMap(({ decoded }) => (decoded.kind === 'batch' ? [decoded.batch.id] : []));
    expect(ids.toSorted()).toEqual(batches.map(({ id }) => id).toSorted());
  });
});

describeWithKafka('other tools and the writer', () => {
  it('put a key into the same partition', async () => {
    const broker = await startKafka();
    onTestFinished(() => broker.stop());
    const config = kafkaConfig(broker.brokers, { partitions: 11 });
    const writer = openedWriter(config);
    const keys = Array.from({ length: 60 }, (_, n) => `${'größe'.slice(0, n % 6)}job-${n}`);
    await writer.publish(keys.map((key) => batchOf(key)));
    const lines = keys.map((key) => `${key}:foreign`).join('\n');
    kcat(broker.brokers, ['-P', '-t', config.topic, '-K', ':', '-X', 'topic.partitioner=murmur2'], lines);
    const placed = new Map<string, Set<number>>();
    for (const { partition, raw } of await readTopic(config)) {
      const key = raw.key?.toString() ?? '';
      placed.set(key, new Set([...(placed.get(key) ?? []), partition]));
    }
    expect([...placed.keys()].toSorted()).toEqual(keys.toSorted());
    expect([...placed.values()].map(({ size }) => size)).toEqual(keys.map(() => 1));
  });
}, ['kcat']);

import { expect, it, onTestFinished } from 'vitest';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { KAFKA_DEFAULTS } from '../../platform/bus/kafka/config.ts';
import { silentLog } from '../../platform/log.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { eventually } from '../support/loopback.ts';

describeWithKafka('the Kafka that the tests start', () => {
  it('keeps its data over a kill, on the same port', async () => {
    const broker = await startKafka();
    onTestFinished(() => broker.stop());
    const client = createKafkaClient({ ...KAFKA_DEFAULTS, brokers: broker.brokers }, silentLog);
    const admin = client.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }], waitForLeaders: false });
    await eventually(async () => (await admin.listTopics()).includes('kept') || undefined);
    await broker.kill(0);
    await broker.restart(0);
    const topics = await eventually(() => admin.listTopics());
    expect(topics).toContain('kept');
  });

  it('goes on with two of three nodes', { timeout: 150_000 }, async () => {
    const broker = await startKafka({ nodes: 3 });
    onTestFinished(() => broker.stop());
    const client = createKafkaClient({ ...KAFKA_DEFAULTS, brokers: broker.brokers }, silentLog);
    const admin = client.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    await broker.kill(1);
    await eventually(async () => {
      const { brokers } = await admin.describeCluster();
      return brokers.length === 2 || undefined;
    });
    await broker.restart(1);
    expect((await admin.describeCluster()).brokers).toHaveLength(3);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { describeWithKafka } from '../support/kafka.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { startKafkaProxy } from '../support/kafka-proxy.ts';
import { readerBench, testBatch } from '../support/kafka-reader-bench.ts';
import { eventually } from '../support/loopback.ts';

const SHORT = { session_timeout_s: 2, heartbeat_interval_s: 0.3 };
const batches = (...ids: string[]) => ids.map((id) => testBatch(id));

describeWithKafka('the Kafka reader in an outage', () => {
  it('waits for brokers that are not there yet, and for a topic that nobody made yet', {
    timeout: 120_000,
  }, async () => {
    const broker = await startKafka();
    onTestFinished(() => broker.stop());
    const { topic, table, start } = await readerBench(broker.brokers);
    await topic.remove();
    await broker.kill(0);
    const reader = start();
    await sleep(1000);
    await broker.restart(0);
    await sleep(1000);
    await topic.make();
    await topic.publish(0, batches('a'));
    await reader.drained();
    expect(table.ids).toEqual(['a']);
  });

  it('goes on by itself after the only broker was away for longer than a session', {
    timeout: 120_000,
  }, async () => {
    const broker = await startKafka({ properties: { 'group.min.session.timeout.ms': 500 } });
    onTestFinished(() => broker.stop());
    const config = { ...SHORT, stall_timeout_s: 3 };
    const { topic, table, start } = await readerBench(broker.brokers, { partitions: 2, reader: config });
    let failure: Error | undefined;
    const reader = start();
    void reader.failed.then((cause) => (failure = cause));
    await topic.publish(0, batches('a'));
    await reader.drained();
    await broker.kill(0);
    await sleep(4 * SHORT.session_timeout_s * 1000);
    await broker.restart(0);
    await eventually(() => topic.publish(0, batches('b')).then(() => true), { every_ms: 500 });
    await topic.publish(1, batches('c'));
    await eventually(() => table.ids.length === 3 || undefined);
    expect(table.ids.toSorted()).toEqual(['a', 'b', 'c']);
    expect(failure).toBeUndefined();
  });

  it('goes on with another coordinator when the broker of its group dies in the middle of a delivery', {
    timeout: 180_000,
  }, async () => {
    const broker = await startKafka({ nodes: 3, properties: { 'group.min.session.timeout.ms': 500 } });
    onTestFinished(() => broker.stop());
    const partitions = 3;
    const { topic, table, start } = await readerBench(broker.brokers, { partitions, reader: SHORT });
    let failure: Error | undefined;
    const reader = start(async (delivery) => {
      await sleep(300);
      await table.insert(delivery);
    });
    void reader.failed.then((cause) => (failure = cause));
    const published: string[] = [];
    const publish = async (round: string) => {
      for (let partition = 0; partition < partitions; partition++) {
        const text = `${partition} ${round}`;
        published.push(text);
        await eventually(() => topic.publish(partition, batches(text)).then(() => true), { every_ms: 500 });
      }
    };
    await publish('before');
    await reader.drained();
    const coordinator = await topic.coordinator();
    await publish('with all');
    await broker.kill(coordinator);
    await publish('without it');
    await eventually(() => published.every((text) => table.ids.includes(text)) || undefined);
    await broker.restart(coordinator);
    await publish('after');
    await eventually(() => published.every((text) => table.ids.includes(text)) || undefined);
    expect(table.ids.toSorted()).toEqual(published.toSorted());
    expect(failure).toBeUndefined();
  });

  it('says that it failed when its client has gone silent while the brokers answer', async () => {
    const proxy = await startKafkaProxy();
    onTestFinished(() => proxy.close());
    const advertised = `PLAINTEXT://127.0.0.1:${proxy.port}`;
    const broker = await startKafka({ properties: { 'advertised.listeners': advertised } });
    onTestFinished(() => broker.stop());
    const [own = ''] = broker.brokers;
    proxy.target(Number(own.split(':')[1]));
    const { topic, table, start } = await readerBench([`127.0.0.1:${proxy.port}`], {
      reader: { stall_timeout_s: 1, stop_timeout_s: 0.5 },
    });
    let failure: Error | undefined;
    const reader = start();
    void reader.failed.then((cause) => (failure = cause));
    await topic.publish(0, batches('a'));
    await reader.drained();
    await sleep(3000);
    expect(failure).toBeUndefined();
    proxy.silenceMembers();
    expect(await reader.failed).toMatchObject({
      message: 'kafka reader stalled: the client was silent for 1 s',
    });
    expect(table.ids).toEqual(['a']);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { readerBench, testBatch } from '../support/kafka-reader-bench.ts';
import { eventually } from '../support/loopback.ts';

/** So that the group soon notices that a member is gone. */
const SHORT = { session_timeout_s: 1, heartbeat_interval_s: 0.2 };
const batches = (...ids: string[]) => ids.map((id) => testBatch(id));

describeWithKafka('the Kafka reader under faults', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ properties: { 'group.min.session.timeout.ms': 500 } });
  });
  afterAll(() => broker?.stop());

  it('keeps its partitions while a delivery takes longer than the session', async () => {
    const { topic, table, start } = await readerBench(broker.brokers, { reader: SHORT });
    await topic.publish(0, batches('a'));
    const slow = start(async (delivery) => {
      await sleep(4 * SHORT.session_timeout_s * 1000);
      await table.insert(delivery);
    });
    await slow.drained();
    await topic.publish(0, batches('b'));
    await slow.drained();
    expect(table.deliveries.map(({ again }) => again)).toEqual([false, false]);
    expect(table.ids).toEqual(['a', 'b']);
    expect(slow.stats()).toMatchObject({ joins: 1, failed_commits: 0, fenced: 0 });
  });

  it('goes on when the process stood still and the group let go of it', async () => {
    const { topic, table, start } = await readerBench(broker.brokers, { reader: SHORT });
    await topic.publish(0, batches('a'));
    let failure: Error | undefined;
    const reader = start(async (delivery) => {
      await table.insert(delivery);
      // Nothing of this process runs, not even a heartbeat.
      if (table.deliveries.length === 1)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * SHORT.session_timeout_s * 1000);
    });
    void reader.failed.then((cause) => (failure = cause));
    await eventually(() => reader.stats().joins === 2 || undefined);
    await topic.publish(0, batches('b'));
    await reader.drained();
    expect(table.ids).toEqual(['a', 'b']);
    expect(failure).toBeUndefined();
    expect(reader.stats().failed_commits).toBeGreaterThan(0);
    expect((await topic.committed()).get(0)).toBe(2);
  });

  it('says that it failed when the group will not have it', async () => {
    const { start } = await readerBench(broker.brokers, { reader: { session_timeout_s: 1_000_000 } });
    const reader = start();
    expect(await reader.failed).toMatchObject({
      message: expect.stringMatching(/^kafka reader crashed: .*session timeout/),
    });
  });

  it('waits for tables that are away, as a member of the group, and loses nothing', async () => {
    const { topic, table, positions, start } = await readerBench(broker.brokers, { reader: SHORT });
    await topic.publish(0, batches('a', 'b'));
    let isAway = true;
    positions.before = async () => {
      if (isAway) throw new Error('the store is away');
    };
    const reader = start(async (delivery) => {
      if (isAway) throw new Error('the store is away');
      await table.insert(delivery);
    });
    await eventually(() => reader.stats().joins === 1 || undefined);
    await sleep(2 * SHORT.session_timeout_s * 1000);
    isAway = false;
    await eventually(() => table.ids.length === 2 || undefined);
    isAway = true;
    await topic.publish(0, batches('c'));
    await sleep(2 * SHORT.session_timeout_s * 1000);
    isAway = false;
    await reader.drained();
    expect(table.ids).toEqual(['a', 'b', 'c']);
    expect(reader.stats().failed_positions).toBeGreaterThan(0);
    expect(reader.stats()).toMatchObject({ joins: 1, fenced: 0 });
  });

  it('shares the partitions with others that come and go under load, each message once and in order', async () => {
    const partitions = 6;
    const { topic, table, start } = await readerBench(broker.brokers, { partitions, reader: SHORT });
    const published: string[][] = Array.from({ length: partitions }, () => []);
    let isOver = false;
    const publishing = (async () => {
      for (let round = 0; !isOver; round++) {
        for (const [partition, texts] of published.entries()) {
          const more = Array.from({ length: 5 }, (_, n) => `${partition} ${round} ${n}`);
          await topic.publish(partition, batches(...more));
          texts.push(...more);
        }
      }
    })();
    const slowly = async (delivery: Parameters<typeof table.insert>[0]) => {
      await sleep(Math.random() * 50);
      await table.insert(delivery);
    };
    const first = start(slowly);
    await eventually(() => table.ids.length > 100 || undefined);
    const second = start(slowly);
    await eventually(() => second.stats().messages > 100 || undefined);
    expect(first.ownership.owns('a') || second.ownership.owns('a')).toBe(true);
    const third = start(slowly);
    await eventually(() => third.stats().messages > 100 || undefined);
    expect([first, second, third].map((one) => one.stats().assigned)).toEqual([2, 2, 2]);
    await first.stop();
    const seen = second.stats().messages;
    await eventually(() => second.stats().messages > seen + 100 || undefined);
    isOver = true;
    await publishing;
    await second.drained();
    for (const [partition, texts] of published.entries())
      expect(table.ids.filter((id) => id.startsWith(`${partition} `))).toEqual(texts);
    expect(second.stats().assigned + third.stats().assigned).toBe(partitions);
  });

  it('joins anew when somebody claims a partition past the group', async () => {
    const { topic, table, positions, start } = await readerBench(broker.brokers);
    const reader = start();
    await topic.publish(0, batches('a'));
    await reader.drained();
    const [name = ''] = positions.names;
    await positions.claim(name.slice(0, -'/0'.length), 0);
    await topic.publish(0, batches('b'));
    await reader.drained();
    expect(table.ids).toEqual(['a', 'b']);
    expect(reader.stats()).toMatchObject({ fenced: 1, joins: 2 });
  });

  it('reads partitions that are added to the topic', async () => {
    const { topic, table, start } = await readerBench(broker.brokers);
    const reader = start();
    await topic.publish(0, batches('a'));
    await reader.drained();
    await topic.admin.createPartitions({ topicPartitions: [{ topic: topic.config.topic, count: 3 }] });
    await eventually(() => reader.ownership.count === 3 || undefined);
    await eventually(() => topic.publish(2, batches('b')).then(() => true));
    await eventually(() => table.ids.length === 2 || undefined);
    expect(table.ids).toEqual(['a', 'b']);
    expect(reader.stats().assigned).toBe(3);
  });

  it('tells whose a key is, and when that changes', async () => {
    const { start } = await readerBench(broker.brokers, { partitions: 4, reader: SHORT });
    const keys = Array.from({ length: 40 }, (_, n) => `job-${n}`);
    const first = start();
    expect(first.ownership.owns('job-1')).toBe(false);
    await eventually(() => keys.every((key) => first.ownership.owns(key)) || undefined);
    let changes = 0;
    first.ownership.onChange(() => (changes += 1));
    const second = start();
    await eventually(() => keys.some((key) => second.ownership.owns(key)) || undefined);
    await eventually(() => changes === 1 || undefined);
    for (const key of keys) expect(first.ownership.owns(key)).toBe(!second.ownership.owns(key));
    await second.stop();
    await eventually(() => keys.every((key) => first.ownership.owns(key)) || undefined);
  });

  it('counts what retention deleted before it was read, and goes on with what is left', async () => {
    const { topic, table, start } = await readerBench(broker.brokers);
    await topic.publish(0, batches('a', 'b'));
    const first = start();
    await first.drained();
    await first.stop();
    await topic.publish(0, batches('c', 'd', 'e'));
    await topic.admin.deleteTopicRecords({
      topic: topic.config.topic,
      partitions: [{ partition: 0, offset: '4' }],
    });
    const second = start();
    await second.drained();
    expect(table.ids).toEqual(['a', 'b', 'e']);
    expect(second.stats()).toMatchObject({ lost_messages: 2, changed_logs: 0 });
  });

  it('notices while it reads that retention overtook it', async () => {
    const { topic, table, start } = await readerBench(broker.brokers, { reader: { delivery_rows_max: 1 } });
    await topic.publish(0, batches('a'));
    const reader = start(async (delivery) => {
      await table.insert(delivery);
      if (table.ids.length > 1) return;
      await topic.publish(0, batches('b', 'c', 'd'));
      await topic.admin.deleteTopicRecords({
        topic: topic.config.topic,
        partitions: [{ partition: 0, offset: '3' }],
      });
    });
    await eventually(() => table.ids.includes('d') || undefined);
    expect(table.ids).toEqual(['a', 'd']);
    expect(reader.stats()).toMatchObject({ lost_messages: 2, changed_logs: 0 });
  });

  it.each([1, 4])(
    'reads a topic that was made anew while nobody read it, with %i messages now',
    async (count) => {
      const { topic, table, start } = await readerBench(broker.brokers);
      await topic.publish(0, batches('a', 'b', 'c'));
      const first = start();
      await first.drained();
      await first.stop();
      await topic.remove();
      await topic.make();
      const fresh = ['w', 'x', 'y', 'z'].slice(0, count);
      await topic.publish(0, batches(...fresh));
      const second = start();
      await eventually(() => table.ids.length === 3 + count || undefined);
      expect(table.ids).toEqual(['a', 'b', 'c', ...fresh]);
      expect(second.stats()).toMatchObject({ changed_logs: 1 });
      await topic.publish(0, batches('after'));
      await second.drained();
      expect(table.ids.at(-1)).toBe('after');
    },
  );

  it('notices that the topic is made anew under it', async () => {
    const { topic, table, start } = await readerBench(broker.brokers);
    await topic.publish(0, batches('a', 'b', 'c'));
    const reader = start();
    await reader.drained();
    await topic.remove();
    await topic.make();
    await topic.publish(0, batches('x'));
    await eventually(() => table.ids.length === 4 || undefined);
    expect(table.ids).toEqual(['a', 'b', 'c', 'x']);
    expect(reader.stats().changed_logs).toBe(1);
  });
});

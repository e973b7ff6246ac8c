import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, kcat, startKafka } from '../support/kafka-broker.ts';
import { readerBench, testBatch } from '../support/kafka-reader-bench.ts';
import { eventually } from '../support/loopback.ts';

const batches = (...ids: string[]) => ids.map((id) => testBatch(id));

describeWithKafka('the Kafka reader', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker?.stop());

  it('delivers every batch once and in order, and tells Kafka how far it is', async () => {
    const { topic, table, start } = await readerBench(broker.brokers, { partitions: 2 });
    await topic.publish(0, batches('a', 'b'));
    await topic.publish(1, batches('x'));
    const reader = start();
    await reader.drained();
    await topic.publish(0, batches('c'));
    await reader.drained();
    const of0 = table.deliveries.filter(({ token }) => token.includes('/0/'));
    expect(of0.flatMap(({ batches: all }) => all.map(({ id }) => id))).toEqual(['a', 'b', 'c']);
    expect(table.ids.toSorted()).toEqual(['a', 'b', 'c', 'x']);
    await eventually(async () => {
      const committed = await topic.committed();
      return (committed.get(0) === 3 && committed.get(1) === 1) || undefined;
    });
    expect(reader.stats()).toMatchObject({ messages: 4, assigned: 2, copies: 0, failed_commits: 0 });
    expect(reader.stats().partitions.map(({ lag }) => lag)).toEqual([0, 0]);
  });

  it('begins where the tables are, not where Kafka believes the group to be', async () => {
    const { topic, table, start, positions } = await readerBench(broker.brokers);
    await topic.publish(0, batches('a', 'b', 'c'));
    const first = start();
    await first.drained();
    await first.stop();
    // The tables come back from a backup in which only `a` was. Nothing new is published: the reader has to go back
    // by itself.
    const [name = ''] = positions.names;
    const { fence } = await positions.claim(name.slice(0, -2), 0);
    await positions.finish(fence, { from: 0, to: 1 }, new Map());
    positions.forgetSequences(name);
    await topic.admin.setOffsets({
      groupId: topic.config.group,
      topic: topic.config.topic,
      partitions: [{ partition: 0, offset: '3' }],
    });
    table.batches.length = 1;
    const second = start();
    await eventually(() => table.ids.length === 3 || undefined);
    await second.drained();
    expect(table.ids).toEqual(['a', 'b', 'c']);
    expect(await topic.committed()).toEqual(new Map([[0, 3]]));
  });

  it('drops the copies that a client makes which does not learn the fate of a message', async () => {
    const { topic, table, start } = await readerBench(broker.brokers);
    const reader = start();
    await topic.publish(0, batches('a', 'b'));
    await reader.drained();
    await topic.publishAgain(0, batches('a', 'b'), 0);
    await topic.publish(0, batches('c'));
    await reader.drained();
    expect(table.ids).toEqual(['a', 'b', 'c']);
    expect(reader.stats()).toMatchObject({ copies: 2, messages: 5 });
  });

  it('takes what kcat sends as lines of POST /v1/events, and puts bad ones aside with line, code and reason', async () => {
    const { topic, table, letters, start } = await readerBench(broker.brokers);
    const reader = start();
    const message =
      '{"type":"job","job":"j"}\nnot json\n{"type":"step","job":"j","step":1,"start_us":1700000000000000}\n';
    const sent = spawnSync(
      'kcat',
      ['-P', '-b', broker.brokers.join(), '-t', topic.config.topic, '-p', '0', '-k', 'j', '-D', '|'],
      { input: `${message}|just a text` },
    );
    expect(sent.status, String(sent.stderr)).toBe(0);
    await topic.publish(0, batches('after'));
    await reader.drained();
    const { topic: name } = topic.config;
    expect(table.ids).toEqual([`${name}/0/0`, 'after']);
    const stored = Buffer.from(table.batches[0]?.body ?? [])
      .toString()
      .trim()
      .split('\n');
    expect(stored.map((line) => JSON.parse(line))).toMatchObject([
      { event: { type: 'job', job: 'j' }, received_at_ms: expect.any(Number) },
      { event: { type: 'step', job: 'j', step: 1 }, received_at_ms: expect.any(Number) },
    ]);
    expect(letters.all).toMatchObject([
      {
        letter: { id: `${name}/0/0`, kind: 'event_lines', key: 'j', rows: 1 },
        origin: { partition: 0, offset: 0, lines: [{ line: 2, code: 'not_json' }] },
      },
      { letter: { id: `${name}/0/1`, rows: 1 }, origin: { lines: [{ line: 1, code: 'not_json' }] } },
    ]);
    expect(letters.all.map(({ letter }) => String(letter.body))).toEqual(['not json\n', 'just a text\n']);
  });

  it('puts messages of ours aside that it does not know, with their bytes, and goes on', async () => {
    const { topic, table, letters, start } = await readerBench(broker.brokers);
    const known = {
      'headway-batch': 'id',
      'headway-kind': 'run_events',
      'headway-schema': '1',
      'headway-rows': '1',
      'headway-producer': 'p',
      'headway-sequence': '0',
      'headway-published-ms': '0',
    };
    await topic.send(0, [
      { value: 'of tomorrow', headers: { ...known, 'headway-kind': 'thoughts' } },
      { value: 'cut', headers: { ...known, 'headway-rows': 'many' } },
      { value: 'impostor', headers: { ...known, 'headway-producer': '#incarnation' } },
      { value: null },
    ]);
    await topic.publish(0, batches('after'));
    const reader = start();
    await reader.drained();
    expect(table.ids).toEqual(['after']);
    expect(letters.all.map(({ letter, reason }) => [String(letter.body), reason])).toEqual([
      ['of tomorrow', 'batch kind thoughts is not known'],
      ['cut', 'header headway-rows is no number: many'],
      ['impostor', 'header headway-producer is no name of a producer: #incarnation'],
    ]);
    expect(reader.stats()).toMatchObject({ dead_letters: 3, messages: 5 });
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads lines that kcat packed with %s', async (codec) => {
    const { topic, table, letters, start } = await readerBench(broker.brokers);
    const reader = start();
    const lines = Array.from({ length: 500 }, (_, n) => `{"type":"job","job":"job-${n}"}`);
    kcat(broker.brokers, ['-P', '-t', topic.config.topic, '-p', '0', '-z', codec], lines.join('\n'));
    await topic.publish(0, batches('after'));
    await reader.drained();
    expect(table.ids).toHaveLength(501);
    expect(letters.all).toEqual([]);
    expect(reader.stats()).toMatchObject({ foreign_messages: 500, restarts: 0 });
  });

  it('puts aside what becomes too large when it is unpacked, and reads what follows', async () => {
    const { topic, table, letters, start } = await readerBench(broker.brokers, {
      decompressed_bytes_max: 100_000,
    });
    const reader = start();
    await topic.publish(0, batches('before'));
    const args = ['-P', '-t', topic.config.topic, '-p', '0', '-z', 'gzip'];
    kcat(broker.brokers, args, 'x'.repeat(500_000));
    await topic.publish(0, batches('after'));
    await reader.drained();
    expect(table.ids).toEqual(['before', 'after']);
    expect(letters.all).toMatchObject([
      {
        letter: { kind: 'unreadable' },
        reason: expect.stringMatching(/decompressed_bytes_max/),
        origin: { offset: 1 },
      },
    ]);
    expect(letters.all[0]?.letter.body.length).toBeGreaterThan(0);
    expect(reader.stats()).toMatchObject({ restarts: 0, dead_letters: 1 });
  });

  it('passes the records of transactions that another producer leaves between messages', async () => {
    const { topic, table, start } = await readerBench(broker.brokers);
    const reader = start();
    for (const [text, outcome] of [
      ['kept', 'commit'],
      ['dropped', 'abort'],
      ['also kept', 'commit'],
    ] as const) {
      await topic.transaction(0, `{"type":"job","job":"${text}"}`, outcome);
    }
    await reader.drained();
    expect(table.ids.map((id) => id.split('/')[2])).toEqual(['0', '4']);
    expect(reader.stats()).toMatchObject({ messages: 2, lost_messages: 0, changed_logs: 0 });
    await eventually(() => reader.stats().partitions[0]?.lag === 0 || undefined);
  });
}, ['kcat']);

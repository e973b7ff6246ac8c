import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { main } from '../../cli/main.ts';
import type { Batch } from '../../platform/bus/bus.ts';
import { contentOf } from '../../platform/bus/dead-letter-content.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { withoutCopies } from '../../platform/bus/kafka/copies.ts';
import { openDeadLetterTopic } from '../../platform/bus/kafka/dead-letter-topic.ts';
import { encodeMessage } from '../../platform/bus/kafka/message.ts';
import { TamedProducer } from '../../platform/bus/kafka/producer.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import { encodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { silentLog } from '../../platform/log.ts';
import { type Headway, openHeadway } from '../../services/all-in-one/all-in-one.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic } from '../support/kafka-read-back.ts';
import { QUICK_READER } from '../support/kafka-reader-bench.ts';
import { openedWriter } from '../support/kafka-writer.ts';
import { eventually } from '../support/loopback.ts';
import { MemoryPositions } from '../support/memory-positions.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function run(...args: readonly string[]) {
  const written = { out: '', err: '' };
  const to = (key: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        written[key] += String(chunk);
        done();
      },
    });
  const code = await main(['dead-letters', ...args], { out: to('out'), err: to('err') });
  return { code, ...written };
}

interface Listed {
  readonly letters: readonly { readonly name: string; readonly id: string }[];
}

async function listed(...args: readonly string[]): Promise<Listed['letters']> {
  const { code, out } = await run('list', '--json', ...args);
  expect(code).toBe(0);
  return (JSON.parse(out) as Listed).letters;
}

const STEP = { type: 'step', job: 'mended', step: 7, start_us: 1_700_000_000_000_000 } as const;

function eventBatch(id: string): Batch {
  const [batch] = encodeRunEvents([STEP], 1_700_000_000_000);
  if (batch === undefined) throw new Error('an event makes a batch');
  return { ...batch, id };
}

const REFUSED = { code: 'refused_by_tables', text: 'as it was' } as const;

describe('headway dead-letters of a data directory', () => {
  async function withHeadway(data_dir: string, work: (headway: Headway) => Promise<void>): Promise<void> {
    const server = { ...HEADWAY_DEFAULTS.server, port: 0 };
    const headway = await openHeadway({ ...HEADWAY_DEFAULTS, data_dir, server }, silentLog);
    try {
      await work(headway);
    } finally {
      await headway.stop();
    }
  }

  const storedIn = (headway: Headway) =>
    headway.store.query<{ body: string }>(`SELECT body FROM run_events FINAL WHERE job = 'mended'`);

  it('lists and shows what was put aside, and says when it comes back', async () => {
    const data = join(await temporaryFolder(), 'data');
    await withHeadway(data, async (headway) => {
      await headway.publishBatches([{ ...eventBatch('too new'), schemaVersion: 99 }, eventBatch('good')]);
      await headway.caughtUp();
    });
    const letters = await listed('--data', data);
    expect(letters).toMatchObject([
      { id: 'too new', kind: 'run_events', reason: { code: 'unknown_schema' }, replays: 0 },
    ]);
    const name = letters[0]?.name ?? '';
    expect((await run('list', '--data', data, '--reason', 'bad_lines')).out).toMatch(/^no dead letters in /);
    const { out } = await run('show', name, '--data', data);
    expect(out).toContain('unknown_schema: run event batch too new, line 1: schema version 99 is not known');
    expect(out).toContain('"step":7');
    const raw = await run('show', name, '--data', data, '--body');
    expect(raw.out).toBe(String(eventBatch('x').body));

    const again = await run('replay', '--all', '--data', data, '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({ letters: [{ name, outcome: 'refused_again' }] });
    expect(await listed('--data', data)).toMatchObject([{ name, replays: 1, replayed_at_ms: null }]);
  });

  it('brings to the tables what they take now, once, however often', async () => {
    const data = join(await temporaryFolder(), 'data');
    await withHeadway(data, async () => {});
    const letters = openDeadLetterFolder(join(data, 'dead-letter'));
    await letters.put(eventBatch('mended'), REFUSED);
    const [letter] = await letters.list();
    const name = letter?.name ?? '';
    expect(await run('replay', name, '--data', data)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^sent .*1 rows/),
    });
    expect(await listed('--data', data)).toEqual([]);
    expect(await listed('--data', data, '--all')).toMatchObject([{ name, replays: 1 }]);
    expect((await run('replay', name, '--data', data)).code).toBe(0);
    await withHeadway(data, async (headway) => expect(await storedIn(headway)).toHaveLength(1));
  });

  it('sends events to a Headway that runs when it is named, and nothing else', async () => {
    const data = join(await temporaryFolder(), 'data');
    await withHeadway(data, async (headway) => {
      const url = await headway.listen();
      const letters = openDeadLetterFolder(join(data, 'dead-letter'));
      await letters.put(eventBatch('mended'), REFUSED);
      const points: Batch = { ...eventBatch('points'), kind: 'series_points' };
      await letters.put(points, REFUSED);
      const locked = await run('replay', '--all', '--data', data);
      expect(locked).toMatchObject({ code: 3, err: expect.stringContaining('send to it instead (--url)') });
      const { code, out } = await run('replay', '--all', '--data', data, '--url', url, '--json');
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({
        letters: [
          { id: 'mended', outcome: 'sent', detail: '1 rows' },
          { id: 'points', outcome: 'not_sent', detail: expect.stringContaining('leave out --url') },
        ],
      });
      await headway.caughtUp();
      expect(await storedIn(headway)).toHaveLength(1);
      expect(await listed('--data', data)).toMatchObject([{ id: 'points' }]);
    });
  });

  it('says what it needs', async () => {
    const data = await temporaryFolder();
    expect(await run('list', '--data', join(data, 'none'))).toMatchObject({ code: 2 });
    expect(await run('replay', '--data', data)).toMatchObject({ code: 2 });
    expect(await run('replay', '--all', '--data', data)).toMatchObject({ code: 0, out: '' });
    expect(await run('show', 'ffff', '--data', data)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no dead letter ffff'),
    });
    expect(await run('replay', 'ffff', '--data', data)).toMatchObject({ code: 1 });
    expect(await run('list', '--reason', 'sunshine', '--data', data)).toMatchObject({ code: 2 });
    expect(await run('replay', '--all', '--kafka', '--url', 'http://x')).toMatchObject({ code: 2 });
  });
});

describeWithKafka('headway dead-letters of a cluster', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  async function setUp() {
    const config: KafkaConfig = kafkaConfig(broker.brokers);
    await openedWriter(config).connected();
    const client = createKafkaClient(config, silentLog);
    const letters = openDeadLetterTopic({ client, config, retention_hours: 1, log: silentLog });
    onTestFinished(() => letters.close());
    const file = join(await temporaryFolder(), 'headway.yaml');
    const { brokers, topic, replication_factor, min_insync_replicas } = config;
    await writeFile(file, stringify({ kafka: { brokers, topic, replication_factor, min_insync_replicas } }));
    return { config, letters, args: ['--kafka', '--config', file] };
  }

  it('sends a letter again under a name of its own, so that a second time is a copy', async () => {
    const { config, letters, args } = await setUp();
    await letters.put(eventBatch('mended'), REFUSED);
    const [note] = await listed(...args);
    expect((await run('replay', '--all', ...args)).code).toBe(0);
    expect(await listed(...args)).toEqual([]);
    const messages = (await readTopic(config)).map(({ decoded }) => decoded);
    expect(messages).toMatchObject([
      {
        kind: 'batch',
        batch: { id: 'mended' },
        producer: `dead-letter/${note?.name}/0/1`,
        sequence: 0,
      },
    ]);
    // As after a crash behind the send: the note of it is missing.
    const crashed = { ...letters, replayed: async () => {} };
    const { replay } = await import('../../cli/dead-letter-replay.ts');
    const { topicTarget } = await import('../../cli/replay-targets.ts');
    const read = await letters.read(note?.name ?? '');
    const first = { ...read.note, replays: 0, replayed_at_ms: null };
    const box = { ...crashed, list: async () => [first], read: async () => ({ ...read, note: first }) };
    await replay(box, topicTarget(openedWriter(config)), [first]);
    const all = (await readTopic(config)).flatMap(({ decoded }) =>
      decoded.kind === 'batch' ? [decoded] : [],
    );
    expect(all).toHaveLength(2);
    expect(withoutCopies(all, new Map(), (one) => one).messages).toHaveLength(1);
    // On purpose it is no copy: the one who asks has a reason.
    expect((await run('replay', note?.name ?? '', ...args)).code).toBe(0);
    expect((await readTopic(config)).map(({ decoded }) => decoded)).toContainEqual(
      expect.objectContaining({ sequence: 1 }),
    );
  });

  it('sends the good lines of a foreign message and keeps the letter for the others', async () => {
    const { config, letters, args } = await setUp();
    const body = Buffer.from(`${JSON.stringify(STEP)}\nnot json\n`);
    const lines = { id: 't/0/1', kind: 'event_lines', schemaVersion: 0, key: '', rows: 2, body };
    await letters.put(lines, { code: 'bad_lines', text: '2 lines' });
    const { code, out } = await run('replay', '--all', ...args);
    expect(code).toBe(1);
    expect(out).toMatch(/^partly .* 1 events were sent; 1 lines are still refused, the first: not_json: /);
    expect(await listed(...args)).toMatchObject([{ id: 't/0/1', replays: 0 }]);
    expect(await readTopic(config)).toMatchObject([{ decoded: { kind: 'batch', batch: { key: 'mended' } } }]);
  });

  it('names the message that lines and a message too new came with, and replays what a later version knows', async () => {
    const { config, letters, args } = await setUp();
    const reader = new KafkaReader({
      config: { ...config, group: `group-of-${config.topic}`, reader: QUICK_READER },
      positions: new MemoryPositions(),
      deadLetters: letters,
      log: silentLog,
    });
    onTestFinished(() => reader.stop());
    const delivered: string[] = [];
    reader.run(async ({ batches }) => void delivered.push(...batches.map(({ id }) => id)));
    const producer = new TamedProducer(createKafkaClient(config, silentLog), config.topic, 10, silentLog);
    onTestFinished(() => producer.close());
    const known = encodeMessage(
      [{ batch: eventBatch('of a later version'), partition: 0, producer: 'p', sequence: 0 }],
      0,
    );
    const messages = [
      { key: 'k', value: `not json\n${JSON.stringify(STEP)}\n` },
      { ...known, headers: { ...known.headers, 'headway-kind': 'moods' } },
    ];
    // A topic that was just made has no leader for a moment.
    await eventually(() => producer.send(0, messages).then(() => true as const));
    await reader.drained();
    expect(delivered).toEqual([`${config.topic}/0/0`]);
    const [lines, unknown] = await listed(...args);
    expect(lines).toMatchObject({
      reason: { code: 'bad_lines', text: expect.stringContaining('line 1: not_json') },
      origin: { topic: config.topic, partition: 0, offset: 0, lines: [{ line: 1, code: 'not_json' }] },
      key: 'k',
    });
    expect(unknown).toMatchObject({
      reason: { code: 'unreadable', text: 'batch kind moods is not known' },
      origin: { topic: config.topic, partition: 0, offset: 1, headers: { 'headway-kind': 'moods' } },
    });
    const shown = await run('show', unknown?.name ?? '', ...args);
    expect(shown.out).toContain(`message   ${config.topic}, partition 0, offset 1`);
    expect(shown.out).toContain('header    headway-kind: moods');
    const { out } = await run('replay', unknown?.name ?? '', '--json', ...args);
    expect(JSON.parse(out)).toMatchObject({ letters: [{ outcome: 'not_sent' }] });
    // As the version would see it that knows the kind.
    const { note, body } = await letters.read(unknown?.name ?? '');
    const headers = { ...note.origin.headers, 'headway-kind': 'run_events' };
    expect(contentOf({ ...note, origin: { ...note.origin, headers } }, body)).toMatchObject({
      kind: 'batches',
      batches: [{ id: 'of a later version', rows: 1, key: 'mended' }],
    });
  });

  it('ends with the exit code of what is not reached', async () => {
    const file = join(await temporaryFolder(), 'headway.yaml');
    await writeFile(file, stringify({ kafka: { brokers: ['127.0.0.1:1'] } }));
    expect(await run('list', '--kafka', '--config', file)).toMatchObject({ code: 3 });
  });
});

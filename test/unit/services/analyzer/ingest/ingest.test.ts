import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { canonicalEventLine } from '../../../../../domain/event-reader.ts';
import type { RunEvent } from '../../../../../domain/events.ts';
import type { Batch } from '../../../../../platform/bus/bus.ts';
import { SPOOL_DEFAULTS } from '../../../../../platform/bus/config.ts';
import { openDeadLetterFolder } from '../../../../../platform/bus/dead-letter-folder.ts';
import { encodeRunEvents } from '../../../../../platform/bus/run-event-batch.ts';
import { openSpool, type Spool } from '../../../../../platform/bus/spool.ts';
import { silentLog } from '../../../../../platform/log.ts';
import { createSeriesEncoder, type SeriesPoint } from '../../../../../platform/series/series-encoder.ts';
import { STORE_DEFAULTS } from '../../../../../platform/store/config.ts';
import { openEmbeddedStore } from '../../../../../platform/store/embedded.ts';
import { migrate } from '../../../../../platform/store/migrate.ts';
import type { Store } from '../../../../../platform/store/store.ts';
import { createIngest } from '../../../../../services/analyzer/ingest/ingest.ts';
import { makeFolder, temporaryFolder } from '../../../../support/temporary-folder.ts';

let folder: { path: string; remove(): Promise<void> };
let store: Store;

beforeAll(async () => {
  folder = await makeFolder();
  store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
  await migrate(store);
});
afterAll(async () => {
  await store.close();
  await folder.remove();
});
beforeEach(async () => {
  for (const table of ['run_events', 'series', 'series_points'])
    await store.command(`TRUNCATE TABLE ${table}`);
});

/** A real spool that feeds the tables; `settle` waits until it is empty. */
async function pipeline() {
  const path = await temporaryFolder();
  const config = { ...SPOOL_DEFAULTS, retry_first_s: 0.001 };
  const spool: Spool = await openSpool(join(path, 'spool'), config, silentLog);
  onTestFinished(() => spool.close());
  const deadLetters = openDeadLetterFolder(join(path, 'dead-letters'));
  const touched: (readonly [string, number])[] = [];
  const ingest = createIngest({
    store,
    log: silentLog,
    deadLetters,
    onJobs: (jobs) => void touched.push(...jobs),
  });
  spool.reader.run(ingest);
  const publish = (batches: readonly Batch[]) => spool.writer.publish(batches);
  return {
    spool,
    publish,
    settle: () => spool.reader.drained(),
    deadLetters,
    touched,
  };
}

const storedBodies = async () => {
  const rows = await store.query<{ body: string }>(
    'SELECT body FROM run_events FINAL ORDER BY time_us, event_id',
  );
  return rows.map(({ body }) => body);
};

function pointBatches(points: readonly SeriesPoint[]): Batch[] {
  const encoded = createSeriesEncoder().encode(points, 1n);
  const common = { schemaVersion: 1, key: 'node' } as const;
  const id = `${points[0]?.name} ${points.length}`;
  return [
    {
      ...common,
      id: `${id} series`,
      kind: 'series',
      rows: encoded.series_rows,
      body: encoded.series ?? new Uint8Array(),
    },
    { ...common, id: `${id} points`, kind: 'series_points', rows: encoded.points_rows, body: encoded.points },
  ];
}

const EVENTS: readonly RunEvent[] = [
  { type: 'job', job: 'a', model: 'llama3-8b', labels: { team: 'é"\n' } },
  { type: 'attempt_start', job: 'a', attempt: 1, time_us: 1_000_000 },
  { type: 'step', job: 'a', attempt: 1, step: 1, start_us: 2_000_000, end_us: 3_000_000 },
  { type: 'placement', job: 'b', attempt: 1, rank: 0, node: 'n1', device: 0, from_us: 4_000_000 },
  { type: 'fault', node: 'n2', time_us: 5_000_000, code: 'xid:79' },
];

describe('ingest', () => {
  it('stores each event as its canonical line, with what it is looked up by', async () => {
    const { publish, settle } = await pipeline();
    await publish(encodeRunEvents(EVENTS, 1_700_000_000_123));
    await settle();
    const rows = await store.query(
      'SELECT job, type, node, time_us, received_at, body FROM run_events ORDER BY time_us',
    );
    const received_at = '2023-11-14 22:13:20.123';
    const [job, start, step, placement, fault] = EVENTS.map((event) => ({
      body: canonicalEventLine(event),
      received_at,
    }));
    expect(rows).toEqual([
      { job: 'a', type: 'job', node: '', time_us: 0, ...job },
      { job: 'a', type: 'attempt_start', node: '', time_us: 1_000_000, ...start },
      { job: 'a', type: 'step', node: '', time_us: 2_000_000, ...step },
      { job: 'b', type: 'placement', node: 'n1', time_us: 4_000_000, ...placement },
      { job: '', type: 'fault', node: 'n2', time_us: 5_000_000, ...fault },
    ]);
  });

  it('changes nothing when the same lines are sent again later', async () => {
    const { publish, settle } = await pipeline();
    await publish(encodeRunEvents(EVENTS, 1_700_000_000_000));
    await settle();
    const before = await storedBodies();
    await publish(encodeRunEvents(EVENTS, 1_700_000_999_000));
    await settle();
    expect(await storedBodies()).toEqual(before);
    expect(before).toHaveLength(EVENTS.length);
  });

  it('says which jobs were touched, and when the first of it arrived', async () => {
    const { publish, settle, touched } = await pipeline();
    await publish([
      ...encodeRunEvents([...EVENTS].reverse(), 1_700_000_000_000),
      ...encodeRunEvents(EVENTS.slice(0, 1), 1_600_000_000_000),
    ]);
    await settle();
    expect(touched.sort()).toEqual([
      ['a', 1_600_000_000_000],
      ['b', 1_700_000_000_000],
    ]);
  });

  it('stores series and their values in one go with many others', async () => {
    const { publish, settle } = await pipeline();
    const points = Array.from({ length: 500 }, (_, n) => ({
      name: 'up',
      labels: { n: `${n % 7}` },
      ts_ms: 1000 * n,
      value: n,
    }));
    await Promise.all([
      publish(pointBatches(points)),
      publish(encodeRunEvents(EVENTS, 1)),
      publish(pointBatches(points.slice(9))),
    ]);
    await settle();
    const [sum] =
      await store.query(`SELECT count() AS points, sum(value) AS sum, uniqExact(labels['n']) AS series
      FROM series_points AS p FINAL JOIN (SELECT series_id, labels FROM series FINAL) AS s ON s.series_id = p.series_id`);
    expect(sum).toEqual({ points: 500, sum: (499 * 500) / 2, series: 7 });
  });

  it('puts a batch that no table takes aside, and stores its neighbours', async () => {
    const { publish, settle, deadLetters } = await pipeline();
    const point = (name: string) => pointBatches([{ name, labels: {}, ts_ms: 1, value: 1 }]);
    const cut = point('cut').map((batch) => ({ ...batch, body: batch.body.subarray(0, 9) }));
    const unknown = point('unknown').map((batch) => ({ ...batch, schemaVersion: 99 }));
    const [event] = encodeRunEvents(EVENTS, 1);
    if (event === undefined) throw new Error('events make a batch');
    const notJson = { ...event, id: '../not/json', body: Buffer.from('oh no\n') };
    await publish([
      ...point('before'),
      ...cut,
      ...unknown,
      notJson,
      ...point('after'),
      ...encodeRunEvents(EVENTS, 1),
    ]);
    await publish(point('later'));
    await settle();
    const names = await store.query<{ name: string }>('SELECT name FROM series FINAL ORDER BY name');
    expect(names.map(({ name }) => name)).toEqual(['after', 'before', 'later']);
    expect(await store.query('SELECT count() AS n FROM series_points FINAL')).toEqual([{ n: 3 }]);
    expect(await storedBodies()).toHaveLength(EVENTS.length);
    expect(Object.fromEntries(deadLetters.counts)).toEqual({
      unknown_schema: 2,
      refused_by_tables: 2,
      bad_body: 1,
    });
    const notes = await deadLetters.list();
    expect(notes).toHaveLength(5);
    const bad = notes.find(({ id }) => id === '../not/json');
    expect(bad).toMatchObject({
      kind: 'run_events',
      reason: { code: 'bad_body', text: expect.stringContaining('line 1') },
      origin: { delivery: expect.stringMatching(/\/1\/\d+-\d+$/) },
      replays: 0,
    });
    const { body } = await deadLetters.read(bad?.name ?? '');
    expect(String(body)).toBe('oh no\n');
  });

  it('does not put good data aside because the store is away for a while', async () => {
    const { spool, publish, settle, deadLetters } = await pipeline();
    await store.command('RENAME TABLE run_events TO run_events_away');
    await publish(encodeRunEvents(EVENTS, 1));
    await expect.poll(() => spool.stats().failed_deliveries).toBeGreaterThan(5);
    await store.command('RENAME TABLE run_events_away TO run_events');
    await settle();
    expect([...deadLetters.counts]).toEqual([]);
    expect(await storedBodies()).toHaveLength(EVENTS.length);
  });
});

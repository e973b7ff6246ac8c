import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Migration, migrate, readMigrations } from '../../platform/store/migrate.ts';
import type { ClaimableStore } from '../../platform/store/store.ts';
import { openTrialClient, openTrialStore, type RunningServer } from '../support/clickhouse-server/start.ts';
import { makeFolder } from '../support/temporary-folder.ts';

/** Two later versions of the product: migrations only add. */
const LATER: readonly string[] = [
  `ALTER TABLE run_events ADD COLUMN IF NOT EXISTS note String;
   CREATE TABLE IF NOT EXISTS later_first (id UInt64) ENGINE = MergeTree ORDER BY id;`,
  `ALTER TABLE run_events ADD INDEX IF NOT EXISTS by_node node TYPE set(100) GRANULARITY 1;
   ALTER TABLE run_events MATERIALIZE INDEX by_node;
   CREATE VIEW IF NOT EXISTS later_second AS SELECT job, note FROM run_events;`,
];

let folder: { path: string; remove(): Promise<void> };
let store: ClaimableStore & { readonly server: RunningServer };
let own: readonly Migration[];
let later: readonly Migration[];

beforeAll(async () => {
  folder = await makeFolder();
  store = await openTrialStore(folder.path, {}, ['--writes', '4']);
  own = await readMigrations();
  const more = LATER.map((sql, index) => {
    const number = own.length + index + 1;
    return { number, name: `${number}_later.sql`, sql, checksum: `${number}` };
  });
  later = [...own, ...more];
});
afterAll(async () => {
  await store.close();
  await folder.remove();
});

it('is done by several processes at once as by one', async () => {
  const clients = await Promise.all(Array.from({ length: 3 }, () => openTrialClient(store.server)));
  const applied = await Promise.all(clients.map((client) => migrate(client)));
  expect(new Set(applied.flat())).toEqual(new Set(own.map(({ name }) => name)));
  expect(await migrate(store)).toEqual([]);
  const recorded = await store.query('SELECT number, name FROM schema_migrations FINAL ORDER BY number');
  expect(recorded).toEqual(own.map(({ number, name }) => ({ number, name })));
  for (const client of clients) await client.close();
});

it('does not disturb an earlier version that is at work, which only does not start again', async () => {
  const earlier = await openTrialClient(store.server);
  await migrate(earlier);
  let isMigrated = false;
  const working = work(earlier, () => isMigrated);
  const newer = await Promise.all([openTrialClient(store.server), openTrialClient(store.server)]);
  const applied = await Promise.all(newer.map((client) => migrate(client, later)));
  isMigrated = true;
  expect(new Set(applied.flat())).toEqual(new Set(later.slice(own.length).map(({ name }) => name)));

  const written = await working;
  expect(written).toBeGreaterThan(3);
  const [first] = newer;
  await first?.insertRows('run_events', [{ ...event(written), note: 'new' }], { token: 'new' });
  const notes = await earlier.query(
    'SELECT note, count() AS rows FROM later_second GROUP BY note ORDER BY note',
  );
  expect(notes).toEqual([
    { note: '', rows: written },
    { note: 'new', rows: 1 },
  ]);
  // what was under way goes on; only a new start of it is refused
  await earlier.insertRows('run_events', [event(written + 1)], { token: 'old' });
  await expect(migrate(earlier, own)).rejects.toMatchObject({ code: 'too_new' });
  for (const client of [earlier, ...newer]) await client.close();
});

/** Inserts and asks without pause until it is told to end, and a few times more; returns how many rows it has in the table. */
async function work(client: ClaimableStore, isOver: () => boolean): Promise<number> {
  let inserted = 0;
  for (let more = 3; more > 0; more -= isOver() ? 1 : 0) {
    await client.insertRows('run_events', [event(inserted)], {
      token: `work-${inserted}`,
      again: inserted % 3 === 2,
    });
    inserted += 1;
    expect(await client.query('SELECT count() AS rows FROM run_events')).toEqual([{ rows: inserted }]);
  }
  return inserted;
}

function event(id: number): Record<string, unknown> {
  return {
    job: 'j',
    event_id: `e${id}`,
    type: 'step',
    node: '',
    time_us: id,
    received_at: '2026-01-01T00:00:00.000Z',
    body: '{}',
  };
}

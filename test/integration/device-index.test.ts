import { expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate, readMigrations } from '../../platform/store/migrate.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import type { QueryParameters } from '../../platform/store/store.ts';
import { eventually } from '../support/loopback.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NODES = 40;
const SAMPLES = 4096;
const BEGIN_MS = 1_764_547_200_000;
const END_MS = BEGIN_MS + SAMPLES * 15_000;

const SPAN = { from_ms: END_MS - 600_000, to_ms: END_MS };
const PLACE = {
  place_nodes: ['n7'],
  place_devices: [''],
  place_from_ms: [SPAN.from_ms],
  place_to_ms: [SPAN.to_ms],
};
const QUESTIONS: readonly [string, QueryParameters][] = [
  ['nodes_heard', { nodes: ['n7', 'n8'], since_ms: SPAN.from_ms }],
  ['each_node_heard', { nodes: ['n7', 'n8'], since_ms: SPAN.from_ms }],
  ['node_newest_samples', { node: 'n7', ...SPAN }],
  ['job_device_memory', PLACE],
];

it('reads of a store that was there before only the rows near the nodes that a question is of', async () => {
  const store = await openEmbeddedStore(await temporaryFolder(), STORE_DEFAULTS, silentLog);
  const rowsRead = async (name: string, parameters: QueryParameters, more = ''): Promise<number> => {
    const parts = await store.query<{ rows: number }>(
      `EXPLAIN ESTIMATE ${namedQuery(name)} ${more}`,
      parameters,
    );
    return parts.reduce((sum, { rows }) => sum + rows, 0);
  };
  const migrations = await readMigrations();
  await migrate(store, migrations.slice(0, 6));
  await store.command(`INSERT INTO device_samples (ts, labels_id, node, target, device_uid, memory_used_bytes)
    SELECT fromUnixTimestamp64Milli(toInt64(${BEGIN_MS} + 15000 * (number % ${SAMPLES}))), cityHash64(intDiv(number, ${SAMPLES})),
      concat('n', toString(intDiv(number, ${SAMPLES}))), 'exporter', '0', number
    FROM numbers(${NODES * SAMPLES})`);
  await store.command('OPTIMIZE TABLE device_samples FINAL');
  const before = new Map<string, { rows: number; answer: unknown[] }>();
  for (const [name, parameters] of QUESTIONS) {
    before.set(name, {
      rows: await rowsRead(name, parameters),
      answer: await store.query(namedQuery(name), parameters),
    });
  }

  await migrate(store, migrations);
  await eventually(async () => {
    const running = await store.query('SELECT mutation_id FROM system.mutations WHERE NOT is_done');
    return running.length === 0 || undefined;
  });
  for (const [name, parameters] of QUESTIONS) {
    const was = before.get(name);
    expect(was?.answer.length, name).toBeGreaterThan(0);
    expect(await store.query(namedQuery(name), parameters), name).toEqual(was?.answer);
    const rows = await rowsRead(name, parameters);
    expect(rows, name).toBeGreaterThan(0);
    expect(rows, name).toBeLessThan((was?.rows ?? 0) / 4);
    expect(await rowsRead(name, parameters, 'SETTINGS use_skip_indexes = 0'), name).toBe(was?.rows);
  }
  await store.close();
});

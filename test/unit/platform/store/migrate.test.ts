import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEVICE_SAMPLES_COLUMNS } from '../../../../domain/catalog/device-columns.ts';
import { silentLog } from '../../../../platform/log.ts';
import { STORE_DEFAULTS } from '../../../../platform/store/config.ts';
import { openEmbeddedStore } from '../../../../platform/store/embedded.ts';
import { type Migration, migrate, readMigrations } from '../../../../platform/store/migrate.ts';
import { splitStatements } from '../../../../platform/store/sql-statements.ts';
import type { Store } from '../../../../platform/store/store.ts';
import {
  RUN_EVENTS_COLUMNS,
  SERIES_COLUMNS,
  SERIES_POINTS_COLUMNS,
} from '../../../../platform/store/tables.ts';
import { makeFolder, temporaryFolder } from '../../../support/temporary-folder.ts';

let folder: { path: string; remove(): Promise<void> };
let store: Store;
let own: readonly Migration[];

beforeAll(async () => {
  folder = await makeFolder();
  store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
  own = await readMigrations();
  await migrate(store);
});
afterAll(async () => {
  await store.close();
  await folder.remove();
});

describe('migrations', () => {
  it('are applied once', async () => {
    expect(own.length).toBeGreaterThan(0);
    expect(await migrate(store)).toEqual([]);
  });

  it('bear being cut by a crash before they were recorded: every statement may run again', async () => {
    for (const { sql } of own) for (const statement of splitStatements(sql)) await store.command(statement);
    await store.command('TRUNCATE TABLE schema_migrations');
    expect(await migrate(store)).toEqual(own.map(({ name }) => name));
  });

  it('are refused when a file changed after it was applied', async () => {
    const changed = own.map((one) => (one.number === 1 ? { ...one, checksum: 'other' } : one));
    await expect(migrate(store, changed)).rejects.toMatchObject({ code: 'changed' });
  });

  it('are refused when the store is of a later version', async () => {
    await expect(migrate(store, own.slice(0, -1))).rejects.toMatchObject({ code: 'too_new' });
  });

  it('are numbered without gaps', async () => {
    const path = join(await temporaryFolder(), 'migrations');
    await mkdir(path);
    await writeFile(join(path, '0001_first.sql'), 'SELECT 1');
    await writeFile(join(path, '0003_third.sql'), 'SELECT 1');
    await expect(readMigrations(pathToFileURL(`${path}/`))).rejects.toThrow(
      /0003_third\.sql.*expected 0002_/,
    );
  });
});

describe('the tables', () => {
  it.each([
    ['run_events', RUN_EVENTS_COLUMNS],
    ['series', SERIES_COLUMNS],
    ['series_points', SERIES_POINTS_COLUMNS],
    ['device_samples', DEVICE_SAMPLES_COLUMNS],
  ] as const)('%s has the columns that batches are written in', async (table, columns) => {
    const rows = await store.query<{ name: string }>(
      'SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} ORDER BY position',
      { table },
    );
    expect(rows.map(({ name }) => name)).toEqual(columns);
  });

  it.each([
    ['non_replicated_deduplication_window = 10000', 'a repeated delivery would be stored twice'],
    ['fsync_after_insert = 1, fsync_part_directory = 1', 'a power loss would take what the spool let go of'],
    ['old_parts_lifetime = ', 'a power loss would take what was merged last'],
  ])('all have %s, or else %s', async (setting) => {
    const without = await store.query(
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND name != 'schema_migrations' AND engine != 'View'
        AND position(create_table_query, {setting:String}) = 0`,
      { setting },
    );
    expect(without).toEqual([]);
  });
});

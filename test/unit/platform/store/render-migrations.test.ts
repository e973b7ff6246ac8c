import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../../platform/store/cluster-tables.ts';
import { type Migration, readMigrations } from '../../../../platform/store/migrate.ts';
import {
  RenderError,
  renderedText,
  renderMigrations,
  renderStatement,
} from '../../../../platform/store/render-migrations.ts';

const PLACE = { cluster: 'prod', database: 'headway' };
const GOLDEN = new URL('golden/', import.meta.url);

function migrationOf(sql: string): Migration {
  return { number: 1, name: '0001_x.sql', sql, checksum: '' };
}

describe('the tables of a cluster', async () => {
  const migrations = await readMigrations();

  it.each(migrations)('$name is rendered as it was committed (npx vitest -u writes it anew)', async (one) => {
    const [rendered] = renderMigrations([one], PLACE);
    if (rendered === undefined) throw new Error('one migration was given');
    await expect(renderedText(rendered)).toMatchFileSnapshot(new URL(one.name, GOLDEN).pathname);
  });

  it('has a committed text of every migration and of nothing else', async () => {
    expect((await readdir(GOLDEN)).sort()).toEqual(migrations.map(({ name }) => name));
  });

  it('keeps rows that may replace one another on one shard', () => {
    const tables = migrations.flatMap(({ sql }) => [
      ...sql.matchAll(/CREATE TABLE IF NOT EXISTS (\w+)[\s\S]*?ORDER BY ([^\n]*)/g),
    ]);
    expect(tables.length).toBeGreaterThan(10);
    for (const [, table = '', key = ''] of tables) {
      const place = placeOf(table);
      if (place === 'everywhere') continue;
      const columns = [...(place ?? '').matchAll(/\b(job|node|target|series_id)\b/g)].map(([name]) => name);
      // what is not in the sorting key is the same in all rows of one: an event's node, the place of a label set
      const given: Record<string, string> = { node: 'event_id|labels_id', target: 'labels_id' };
      for (const column of columns) expect(key).toMatch(new RegExp(`\\b(${column}|${given[column]})\\b`));
      expect(columns).not.toEqual([]);
    }
  });
});

describe('a statement for a cluster', () => {
  const render = (sql: string) => renderStatement(sql, PLACE);

  it('changes columns where the rows are first, then where they are asked for', () => {
    expect(render('ALTER TABLE run_events ADD COLUMN IF NOT EXISTS note String')).toEqual([
      'ALTER TABLE `headway`.`run_events_local` ON CLUSTER `prod` ADD COLUMN IF NOT EXISTS note String',
      'ALTER TABLE `headway`.`run_events` ON CLUSTER `prod` ADD COLUMN IF NOT EXISTS note String',
    ]);
    expect(render('ALTER TABLE bus_positions ADD COLUMN IF NOT EXISTS note String')).toEqual([
      'ALTER TABLE `headway`.`bus_positions` ON CLUSTER `prod` ADD COLUMN IF NOT EXISTS note String',
    ]);
  });

  it('changes indices and settings where the rows are', () => {
    for (const change of [
      'ADD INDEX IF NOT EXISTS by_ts ts TYPE minmax GRANULARITY 1',
      'MATERIALIZE INDEX by_ts',
      'MODIFY SETTING old_parts_lifetime = 480',
    ]) {
      expect(render(`ALTER TABLE device_samples ${change}`)).toEqual([
        `ALTER TABLE \`headway\`.\`device_samples_local\` ON CLUSTER \`prod\` ${change}`,
      ]);
    }
  });

  it('feeds a materialized view on the node where the rows are inserted', () => {
    const sql = `CREATE MATERIALIZED VIEW IF NOT EXISTS series TO job_results AS
SELECT job FROM run_events AS e INNER JOIN bus_fences AS f ON f.name = e.job`;
    expect(render(sql)).toEqual([
      `CREATE MATERIALIZED VIEW IF NOT EXISTS \`headway\`.\`series\` ON CLUSTER \`prod\` TO \`headway\`.\`job_results_local\` AS
SELECT job FROM \`headway\`.\`run_events_local\` AS e INNER JOIN \`headway\`.\`bus_fences\` AS f ON f.name = e.job`,
    ]);
  });

  it('translates the window of tokens, with how long they are kept', () => {
    const [local] = render(`CREATE TABLE IF NOT EXISTS job_results (job String) ENGINE = ReplacingMergeTree
      ORDER BY job SETTINGS non_replicated_deduplication_window = 7, fsync_after_insert = 1`);
    expect(local).toContain(
      'replicated_deduplication_window = 7, replicated_deduplication_window_seconds = 604800,',
    );
    expect(local).not.toContain('non_replicated');
    expect(local).toContain(
      "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_results_local', '{replica}')",
    );
  });

  it.each([
    'DROP TABLE run_events',
    'ALTER TABLE run_events DROP COLUMN body',
    'ALTER TABLE nowhere ADD COLUMN a String',
    'CREATE TABLE IF NOT EXISTS nowhere (a String) ENGINE = MergeTree ORDER BY a',
    'CREATE VIEW IF NOT EXISTS nowhere AS SELECT 1 FROM nothing_known',
    'CREATE TABLE run_events (a String) ENGINE = Memory',
  ])('refuses what nobody has thought of: %s', (sql) => {
    expect(() => render(sql)).toThrow(RenderError);
    expect(() => renderMigrations([migrationOf(`${sql};`)], PLACE)).toThrow(RenderError);
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ClusterPlace } from './cluster-tables.ts';
import { renderStatement } from './render-migrations.ts';
import { splitStatements } from './sql-statements.ts';
import type { Store } from './store.ts';

/** The tables cannot be brought to what this version expects; the message says which file and what to do. */
export class MigrationError extends Error {
  readonly code: 'bad_name' | 'changed' | 'too_new';
  constructor(code: MigrationError['code'], message: string) {
    super(message);
    this.name = 'MigrationError';
    this.code = code;
  }
}

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const FOLDER = new URL('../../sql/migrations/', import.meta.url);

/** `sql/migrations/NNNN_name.sql`, in order. */
export async function readMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const file of files) {
    const match = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(file);
    const number = Number(match?.[1]);
    if (match === null || number !== migrations.length + 1) {
      const wanted = String(migrations.length + 1).padStart(4, '0');
      throw new MigrationError(
        'bad_name',
        `${file}: migrations are numbered without gaps; expected ${wanted}_<name>.sql. Check out sql/migrations as it was released.`,
      );
    }
    const sql = await readFile(new URL(file, folder), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    migrations.push({ number, name: file, sql, checksum });
  }
  return migrations;
}

const RECORD_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/**
 * Brings the tables to this version and returns the names of the migrations applied. A migration is recorded after
 * its last statement; one cut by a crash is run again from its first, so every statement must bear that
 * (`IF NOT EXISTS`). Several processes may do this at once, and others may work with the tables meanwhile: migrations
 * only ever add. `place`: the cluster that the store is, if it is one.
 *
 * Throws {@link MigrationError} when an applied file has changed or the store is of a later version.
 */
export async function migrate(
  store: Store,
  migrations?: readonly Migration[],
  place: ClusterPlace | null = null,
): Promise<string[]> {
  const wanted = migrations ?? (await readMigrations());
  const run = async (statement: string): Promise<void> => {
    const own = place === null ? [statement] : renderStatement(statement, place);
    for (const one of own) await store.command(one);
  };
  await run(RECORD_TABLE);
  const rows = await store.query<{ number: number; name: string; checksum: string }>(
    'SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number',
  );
  const recorded = new Map(rows.map((row) => [row.number, row]));
  checkRecorded(rows, wanted);
  const applied: string[] = [];
  for (const { number, name, sql, checksum } of wanted) {
    if (recorded.has(number)) continue;
    for (const statement of splitStatements(sql)) await run(statement);
    await store.insertRows('schema_migrations', [
      { number, name, checksum, applied_at: new Date().toISOString() },
    ]);
    applied.push(name);
  }
  return applied;
}

function checkRecorded(
  recorded: readonly { number: number; name: string; checksum: string }[],
  wanted: readonly Migration[],
): void {
  for (const { number, name, checksum } of recorded) {
    const own = wanted.find((migration) => migration.number === number);
    if (own === undefined) {
      throw new MigrationError(
        'too_new',
        `The store has migration ${name}, which this version does not know. Run the version that made it, or a later one.`,
      );
    }
    if (own.checksum !== checksum) {
      throw new MigrationError(
        'changed',
        `${own.name} was applied with other content (as ${name}). Put the file back as it was; a change to a table is a new migration.`,
      );
    }
  }
}

import type { Fence } from '../fence.ts';
import { type InsertOptions, StoreError } from './store.ts';

export interface InsertSource {
  readonly table: string;
  readonly columns: readonly string[];
  /** Where the rows are, as SQL to select from; it is read more than once. */
  readonly from: string;
  /** The table is spread over a cluster: the keys of the rows are sent to its nodes. */
  readonly isSpread?: boolean;
}

export interface TableShape {
  /** Column name to ClickHouse type. */
  readonly types: ReadonlyMap<string, string>;
  /** As the engine prints it: `series_id, ts`. */
  readonly sorting_key: string;
}

/**
 * Staged rows into one table. Everything is read by one thread into one block, so that an insert is one part a
 * partition: written whole or not at all, and known by its token as a whole.
 */
export function insertSql(source: InsertSource, shape: TableShape, options: InsertOptions): string {
  const { from } = source;
  const columns = source.columns.map(quoteName).join(', ');
  const settings = { ...ONE_BLOCK, ...deduplication(options) };
  const clause = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const insert = `INSERT INTO ${quoteName(source.table)} (${columns}) SETTINGS ${clause.join(', ')}`;
  const rows = `SELECT ${columns} FROM ${from}${conditions(options, from)}`;
  if (options.again !== true) return `${insert} ${rows}`;
  // Rows are compared whole, with the stored rows of the same key only: those the primary index finds.
  const key = shape.sorting_key;
  const isIn = source.isSpread === true ? 'GLOBAL IN' : 'IN';
  const stored = `SELECT ${columns} FROM ${quoteName(source.table)} WHERE (${key}) ${isIn} (SELECT ${key} FROM ${from})`;
  return `${insert} ${rows} EXCEPT ${stored}`;
}

/** What the engine says first when a later claim of the fence's name exists. */
export const FENCED_TEXT = 'claimed by another';

/** The engine evaluates these before it writes the first row. */
function conditions({ rows, fence }: InsertOptions, from: string): string {
  const all: string[] = [];
  // RowBinary has no row marks: a body of another layout can be read as rows that nobody wrote, but hardly as many.
  if (rows !== undefined)
    all.push(`throwIf((SELECT count() FROM ${from}) != ${rows}, 'row count differs') = 0`);
  if (fence !== undefined) all.push(`throwIf((${isLost(fence)}), ${quoteText(FENCED_TEXT)}) = 0`);
  return all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
}

/** 1 unless the newest claim of the name is this one and no other. */
function isLost({ name, epoch, owner }: Fence): string {
  const own = `epoch = ${epoch} AND owner = ${quoteText(owner)}`;
  return `SELECT countIf(${own}) = 0 OR countIf(epoch >= ${epoch} AND NOT (${own})) > 0
    FROM bus_fences WHERE name = ${quoteText(name)}`;
}

/** Above any delivery of the bus, which is bounded in bytes. */
const ONE_BLOCK = {
  max_threads: 1,
  max_insert_threads: 1,
  max_insert_block_size: 100_000_000,
  min_insert_block_size_rows: 100_000_000,
  min_insert_block_size_bytes: 4 * 1024 ** 3,
} as const;

/**
 * MergeTree writes the token to its log before it renames the part into place: a process killed between the two
 * leaves a token without rows. So a repeated insert must not trust the token; it is told apart by its rows instead.
 */
function deduplication({ token, again }: InsertOptions): Readonly<Record<string, string | number>> {
  if (again === true || token === undefined) return { insert_deduplicate: 0 };
  return { insert_deduplicate: 1, insert_deduplication_token: quoteText(token) };
}

/** `name Type, ...` of columns, as `file(...)` and temporary tables take it. Throws {@link StoreError}. */
export function structureOf(table: string, columns: readonly string[], { types }: TableShape): string {
  const structure = columns.map((column) => {
    const type = types.get(column);
    if (type === undefined) throw new StoreError('bad_data', `Table ${table} has no column ${column}`);
    return `${quoteName(column)} ${type}`;
  });
  return structure.join(', ');
}

export function quoteName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new StoreError('bad_data', `${JSON.stringify(name)} is not a name`);
  return `\`${name}\``;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

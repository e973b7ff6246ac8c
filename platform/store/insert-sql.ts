import { type InsertOptions, StoreError } from './store.ts';

export interface InsertSource {
  readonly table: string;
  readonly columns: readonly string[];
  readonly format: 'RowBinary' | 'JSONEachRow';
  /** Absolute path of the staged rows. */
  readonly path: string;
}

export interface TableShape {
  /** Column name to ClickHouse type. */
  readonly types: ReadonlyMap<string, string>;
  /** As the engine prints it: `series_id, ts`. */
  readonly sorting_key: string;
}

/**
 * One staged file into one table. Everything is read by one thread into one block, so that an insert is one part a
 * partition: written whole or not at all, and known by its token as a whole.
 */
export function insertSql(source: InsertSource, shape: TableShape, options: InsertOptions): string {
  const columns = source.columns.map(quoteName).join(', ');
  const file = fileOf(source, shape);
  const settings = { ...ONE_BLOCK, ...deduplication(options) };
  const clause = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const insert = `INSERT INTO ${quoteName(source.table)} (${columns}) SETTINGS ${clause.join(', ')}`;
  const rows = `SELECT ${columns} FROM ${file}${rowsAre(options.rows, file)}`;
  if (options.again !== true) return `${insert} ${rows}`;
  // Rows are compared whole, with the stored rows of the same key only: those the primary index finds.
  const key = shape.sorting_key;
  const stored = `SELECT ${columns} FROM ${quoteName(source.table)} WHERE (${key}) IN (SELECT ${key} FROM ${file})`;
  return `${insert} ${rows} EXCEPT ${stored}`;
}

/** RowBinary has no row marks: a body of another layout can be read as rows that nobody wrote, but hardly as many. */
function rowsAre(rows: number | undefined, file: string): string {
  return rows === undefined
    ? ''
    : ` WHERE throwIf((SELECT count() FROM ${file}) != ${rows}, 'row count differs') = 0`;
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

function fileOf({ path, format, columns, table }: InsertSource, { types }: TableShape): string {
  const structure = columns.map((column) => {
    const type = types.get(column);
    if (type === undefined) throw new StoreError('bad_data', `Table ${table} has no column ${column}`);
    return `${quoteName(column)} ${type}`;
  });
  return `file(${quoteText(path)}, ${quoteText(format)}, ${quoteText(structure.join(', '))})`;
}

function quoteName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new StoreError('bad_data', `${JSON.stringify(name)} is not a name`);
  return `\`${name}\``;
}

function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

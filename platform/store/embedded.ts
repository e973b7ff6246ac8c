import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import type { Log } from '../log.ts';
import type { StoreConfig } from './config.ts';
import { type InsertSource, insertSql, type TableShape } from './insert-sql.ts';
import { lockHolder } from './lock-holder.ts';
import { type InsertOptions, type QueryParameters, type Store, StoreError, StoreLocked } from './store.ts';

/** The engine binds one directory per process; a second one would be refused by it with a less clear message. */
const openHere = new Set<string>();

/**
 * The ClickHouse engine in this process, its data under `dir`. Two connections: one that writes and one that asks,
 * because the engine runs the statements of a connection one after another, and an answer must not wait for an insert.
 *
 * Throws {@link StoreLocked} when the directory is in use.
 */
export async function openEmbeddedStore(dir: string, config: StoreConfig, log: Log): Promise<Store> {
  const directory = resolve(dir);
  const staging = join(directory, 'staging');
  if (openHere.has(directory)) throw new StoreLocked(directory, process.pid);
  const engine = join(directory, 'chdb');
  const holder = lockHolder(join(engine, 'status'));
  if (holder !== null) throw new StoreLocked(directory, holder);
  await mkdir(engine, { recursive: true });
  const started = performance.now();
  const writer = connect(engine, directory, {});
  const reader = connect(engine, directory, {
    max_execution_time: config.query_time_max_s,
    max_memory_usage: String(config.query_memory_max_bytes),
    max_result_rows: String(config.query_rows_max),
  });
  openHere.add(directory);
  // Only now is the directory ours: what lies in staging was left by a process that is gone.
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  log.info('store opened', { directory, took_ms: Math.round(performance.now() - started) });
  return new EmbeddedStore(directory, staging, writer, reader);
}

type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

function connect(
  path: string,
  directory: string,
  limits: Readonly<Record<string, number | string>>,
): ClickHouseClient {
  let connection: ReturnType<typeof createChdbConnection>;
  try {
    connection = createChdbConnection({ path });
  } catch (cause) {
    const holder = lockHolder(join(path, 'status'));
    if (holder !== null && holder !== process.pid) throw new StoreLocked(directory, holder);
    throw new StoreError(
      'failed',
      `The data directory ${directory} could not be opened: ${messageOf(cause)}. ` +
        'Either another process uses it, or it may not be written to, or another store is open in this process.',
      { cause },
    );
  }
  return createClient({
    // Two copies of the same interface: chdb was built against a neighbouring version of the client's types.
    connection: connection as unknown as Connection,
    // Every setting is constant for its connection: the engine keeps settings for the connection, not for a statement.
    clickhouse_settings: {
      async_insert: 0,
      // Times of rows given as objects are ISO texts.
      date_time_input_format: 'best_effort',
      output_format_json_quote_64bit_integers: 0,
      ...limits,
    },
  });
}

class EmbeddedStore implements Store {
  readonly #directory: string;
  readonly #staging: string;
  readonly #writer: ClickHouseClient;
  readonly #reader: ClickHouseClient;
  readonly #shapes = new Map<string, TableShape>();
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #staged = 0;

  constructor(directory: string, staging: string, writer: ClickHouseClient, reader: ClickHouseClient) {
    this.#directory = directory;
    this.#staging = staging;
    this.#writer = writer;
    this.#reader = reader;
  }

  query<Row>(sql: string, parameters: QueryParameters = {}): Promise<Row[]> {
    return this.#track(async () => {
      const result = await this.#reader.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: { ...parameters },
      });
      return await result.json<Row>();
    });
  }

  command(sql: string, parameters: QueryParameters = {}): Promise<void> {
    return this.#track(async () => {
      await this.#writer.command({ query: sql, query_params: { ...parameters } });
      // It may have been DDL of a table whose shape was remembered.
      this.#shapes.clear();
    });
  }

  async insertRows(
    table: string,
    rows: readonly Readonly<Record<string, unknown>>[],
    options: InsertOptions = {},
  ): Promise<void> {
    if (rows.length === 0) return;
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const body = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
    await this.#insert(table, columns, 'JSONEachRow', [body], options);
  }

  async insertRowBinary(
    table: string,
    columns: readonly string[],
    body: readonly Uint8Array[],
    options: InsertOptions = {},
  ): Promise<void> {
    await this.#insert(table, columns, 'RowBinary', body, options);
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled(this.#running);
      await this.#reader.close();
      await this.#writer.close();
      openHere.delete(this.#directory);
    })();
    return this.#closing;
  }

  /** The engine takes binary formats from files only; a file also keeps a body of any size out of the SQL text. */
  #insert(
    table: string,
    columns: readonly string[],
    format: InsertSource['format'],
    body: readonly Uint8Array[],
    options: InsertOptions,
  ): Promise<void> {
    if (body.every((part) => part.length === 0)) return Promise.resolve();
    return this.#track(async () => {
      const shape = await this.#shapeOf(table);
      const path = join(this.#staging, `${this.#staged++}`);
      try {
        await writeFile(path, body);
        await this.#writer.command({ query: insertSql({ table, columns, format, path }, shape, options) });
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  async #shapeOf(table: string): Promise<TableShape> {
    const known = this.#shapes.get(table);
    if (known !== undefined) return known;
    const rows = await this.#columnsOf(table);
    const [first] = rows;
    if (first === undefined)
      throw new StoreError('failed', `There is no table ${table}; has it been migrated?`);
    const types = new Map(rows.map(({ name, type }) => [name, type]));
    const shape = { types, sorting_key: first.sorting_key };
    this.#shapes.set(table, shape);
    return shape;
  }

  async #columnsOf(table: string): Promise<{ name: string; type: string; sorting_key: string }[]> {
    const result = await this.#writer.query({
      query: `SELECT c.name AS name, c.type AS type, t.sorting_key AS sorting_key
        FROM system.columns AS c JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
        WHERE c.database = currentDatabase() AND c.table = {table:String}`,
      format: 'JSONEachRow',
      query_params: { table },
    });
    return await result.json();
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new StoreError('closed', 'The store is closed.');
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (cause) {
      throw storeError(cause);
    } finally {
      this.#running.delete(running);
    }
  }
}

/** Numbers in ClickHouse's src/Common/ErrorCodes.cpp that a caller can act on. */
const CODES: Readonly<Record<number, StoreError['code']>> = {
  6: 'bad_data', // CANNOT_PARSE_TEXT
  26: 'bad_data', // CANNOT_PARSE_QUOTED_STRING
  27: 'bad_data', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32: 'bad_data', // ATTEMPT_TO_READ_AFTER_EOF
  33: 'bad_data', // CANNOT_READ_ALL_DATA
  41: 'bad_data', // CANNOT_PARSE_DATETIME
  72: 'bad_data', // CANNOT_PARSE_NUMBER
  117: 'bad_data', // INCORRECT_DATA
  128: 'bad_data', // TOO_LARGE_ARRAY_SIZE
  131: 'bad_data', // TOO_LARGE_STRING_SIZE
  159: 'too_slow', // TIMEOUT_EXCEEDED
  241: 'too_much_memory', // MEMORY_LIMIT_EXCEEDED
  395: 'bad_data', // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: the row count differs
  396: 'too_many_rows', // TOO_MANY_ROWS_OR_BYTES
};

/** By its shape and not by its class: the engine's binding has a ClickHouseError of its own copy. */
function storeError(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || !('type' in cause)) return cause;
  const engine_code = Number(cause.code);
  if (!Number.isInteger(engine_code)) return cause;
  return new StoreError(CODES[engine_code] ?? 'failed', cause.message, { engine_code, cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

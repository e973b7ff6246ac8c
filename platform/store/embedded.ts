import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Fence } from '../fence.ts';
import type { Log } from '../log.ts';
import type { StoreConfig } from './config.ts';
import { EngineConnection } from './engine.ts';
import { storeErrorOf } from './engine-errors.ts';
import { insertSql, quoteText, structureOf } from './insert-sql.ts';
import { lockHolder } from './lock-holder.ts';
import {
  type ClaimableStore,
  type InsertOptions,
  type QueryParameters,
  StoreError,
  StoreLocked,
} from './store.ts';
import { TableShapes } from './table-shapes.ts';

/** The engine binds one directory per process; a second one would be refused by it with a less clear message. */
const openHere = new Set<string>();

/**
 * The ClickHouse engine in this process, its data under `dir`. One connection writes and others ask, because the
 * engine runs the statements of a connection one after another, and an answer must not wait for an insert.
 *
 * Throws {@link StoreLocked} when the directory is in use.
 */
export async function openEmbeddedStore(dir: string, config: StoreConfig, log: Log): Promise<ClaimableStore> {
  const directory = resolve(dir);
  if (openHere.has(directory)) throw new StoreLocked(directory, process.pid);
  const path = join(directory, 'chdb');
  const holder = lockHolder(join(path, 'status'));
  if (holder !== null) throw new StoreLocked(directory, holder);
  openHere.add(directory);
  try {
    await mkdir(path, { recursive: true });
    const started = performance.now();
    const connections = connect(path, directory, config);
    // Only now is the directory ours: what lies in staging was left by a process that is gone.
    const staging = join(directory, 'staging');
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    log.info('store opened', { directory, took_ms: Math.round(performance.now() - started) });
    return new EmbeddedStore(directory, staging, connections);
  } catch (cause) {
    openHere.delete(directory);
    throw cause;
  }
}

interface Connections {
  readonly writer: EngineConnection;
  readonly readers: readonly [EngineConnection, ...EngineConnection[]];
}

function connect(path: string, directory: string, config: StoreConfig): Connections {
  const common = { async_insert: 0, output_format_json_quote_64bit_integers: 0 };
  // Times of rows given as objects are ISO texts.
  const writing = { ...common, date_time_input_format: 'best_effort' };
  const asking = {
    ...common,
    max_execution_time: config.query_time_max_s,
    max_memory_usage: String(config.query_memory_max_bytes),
    max_result_rows: String(config.query_rows_max),
  };
  try {
    const writer = new EngineConnection(path, writing);
    const more = Array.from(
      { length: config.query_connections - 1 },
      () => new EngineConnection(path, asking),
    );
    return { writer, readers: [new EngineConnection(path, asking), ...more] };
  } catch (cause) {
    const holder = lockHolder(join(path, 'status'));
    if (holder !== null && holder !== process.pid) throw new StoreLocked(directory, holder);
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(
      'failed',
      `The data directory ${directory} could not be opened: ${problem}. ` +
        'Either another process uses it, or it may not be written to, or another store is open in this process.',
      { cause },
    );
  }
}

class EmbeddedStore implements ClaimableStore {
  readonly #directory: string;
  readonly #staging: string;
  readonly #connections: Connections;
  readonly #shapes: TableShapes;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #staged = 0;

  constructor(directory: string, staging: string, connections: Connections) {
    this.#directory = directory;
    this.#staging = staging;
    this.#connections = connections;
    this.#shapes = new TableShapes((sql, parameters) => connections.writer.query(sql, parameters));
  }

  query<Row>(sql: string, parameters: QueryParameters = {}): Promise<Row[]> {
    const [first, ...others] = this.#connections.readers;
    const idlest = others.reduce((best, one) => (one.pending < best.pending ? one : best), first);
    return this.#track(() => idlest.query<Row>(sql, parameters));
  }

  command(sql: string, parameters: QueryParameters = {}): Promise<void> {
    return this.#track(async () => {
      await this.#connections.writer.command(sql, parameters);
      // It may have been DDL of a table whose shape was remembered.
      this.#shapes.forget();
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

  /** One connection writes, one insert after another: when the claim was stored, what began before it had ended. */
  async endEarlierInserts(): Promise<void> {}

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled(this.#running);
      for (const reader of this.#connections.readers) await reader.close();
      await this.#connections.writer.close();
      openHere.delete(this.#directory);
    })();
    return this.#closing;
  }

  /** The engine takes binary formats from files only; a file also keeps a body of any size out of the SQL text. */
  #insert(
    table: string,
    columns: readonly string[],
    format: 'RowBinary' | 'JSONEachRow',
    body: readonly Uint8Array[],
    options: InsertOptions,
  ): Promise<void> {
    if (body.every((part) => part.length === 0)) return Promise.resolve();
    return this.#track(async () => {
      const shape = await this.#shapes.of(table, columns);
      const path = join(this.#staging, `${this.#staged++}`);
      const from = `file(${[path, format, structureOf(table, columns, shape)].map(quoteText).join(', ')})`;
      try {
        await writeFile(path, body);
        await this.#connections.writer.command(insertSql({ table, columns, from }, shape, options), {});
      } finally {
        await rm(path, { force: true });
      }
    }, options.fence);
  }

  async #track<T>(work: () => Promise<T>, fence?: Fence): Promise<T> {
    if (this.#closing !== undefined) throw new StoreError('closed', 'The store is closed.');
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (cause) {
      throw storeErrorOf(cause, fence);
    } finally {
      this.#running.delete(running);
    }
  }
}

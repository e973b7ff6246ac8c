import { setTimeout as delay } from 'node:timers/promises';
import type { Fence } from '../fence.ts';
import type { Log } from '../log.ts';
import type { StoreServerConfig } from './config.ts';
import { storeErrorOf, UNKNOWN_DATABASE } from './engine-errors.ts';
import { insertSql, quoteName, structureOf } from './insert-sql.ts';
import { type ClusterWays, clusterWays } from './server-cluster.ts';
import { ServerConnection } from './server-connection.ts';
import { shownUrl, Unreached } from './server-errors.ts';
import { type FormTable, formOf } from './server-form.ts';
import { claimPrefix, insertId, namePrefix, rowLines, STAGED } from './server-insert.ts';
import { storeRefusalOf } from './server-refusal.ts';
import { RunningStatements } from './server-running.ts';
import { type ClaimableStore, type InsertOptions, type QueryParameters, StoreError } from './store.ts';
import { TableShapes } from './table-shapes.ts';

/** A request that found nobody, or a question whose answer was cut off, is sent again this often. */
const TRIES = 3;
const RETRY_MS = 100;
const REACH_MS = 500;

/**
 * A ClickHouse server over HTTP. Waits for it, and makes its database when there is none.
 *
 * Throws {@link StoreError}: `failed`, naming the URL, when it cannot be reached; StoreRefused when it does not let us in;
 * CredentialsUnusable.
 */
export async function openServerStore(config: StoreServerConfig, log: Log): Promise<ClaimableStore> {
  const connection = new ServerConnection(config);
  const until = performance.now() + config.reach_time_max_s * 1000;
  for (let tries = 1; ; tries++) {
    try {
      await prepare(connection, config);
      log.info('store reached', { url: shownUrl(config.url), database: config.database });
      return new ServerStore(connection, config);
    } catch (error) {
      const cause = storeRefusalOf(storeErrorOf(error), config);
      if (!(cause instanceof Unreached) || performance.now() > until) {
        await connection.close();
        throw ownError(cause);
      }
      if (tries === 1)
        log.warn('store not reached yet', { url: shownUrl(config.url), problem: cause.message });
      await delay(REACH_MS);
    }
  }
}

async function prepare(connection: ServerConnection, config: StoreServerConfig): Promise<void> {
  try {
    await connection.query('SELECT 1', {});
  } catch (cause) {
    const error = storeErrorOf(cause);
    if (!(error instanceof StoreError) || error.engine_code !== UNKNOWN_DATABASE) throw error;
    const { everywhere } = clusterWays(config);
    await connection.outside(`CREATE DATABASE IF NOT EXISTS ${quoteName(config.database)}${everywhere}`);
  }
}

function ownError(cause: unknown, fence?: Fence): unknown {
  if (cause instanceof Unreached) return new StoreError('failed', cause.message, { cause });
  return storeErrorOf(cause, fence);
}

class ServerStore implements ClaimableStore {
  readonly #connection: ServerConnection;
  readonly #ways: ClusterWays;
  readonly #statements: RunningStatements;
  readonly #shapes: TableShapes;
  readonly #running = new Set<Promise<unknown>>();
  /** Ids of inserts whose end nobody saw. */
  readonly #unsettled = new Set<string>();
  #closing: Promise<void> | undefined;

  constructor(connection: ServerConnection, config: StoreServerConfig) {
    this.#connection = connection;
    this.#ways = clusterWays(config);
    this.#statements = new RunningStatements(connection, this.#ways, config);
    this.#shapes = new TableShapes((sql, parameters) => this.#ask(sql, parameters));
  }

  query<Row>(sql: string, parameters: QueryParameters = {}): Promise<Row[]> {
    return this.#track(() => this.#ask<Row>(sql, parameters));
  }

  command(sql: string, parameters: QueryParameters = {}): Promise<void> {
    return this.#track(async () => {
      await repeated(isNobodyThere, () =>
        this.#connection.command(sql, parameters, this.#ways.commandSettings),
      );
      this.#shapes.forget();
    });
  }

  async insertRows(
    table: string,
    rows: readonly Readonly<Record<string, unknown>>[],
    options: InsertOptions = {},
  ): Promise<void> {
    if (rows.length === 0) return;
    await this.#track(async () => {
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const shape = await this.#shapes.of(table, columns);
      const structure = structureOf(table, columns, shape);
      const body = [rowLines(rows, shape.types)];
      await this.#insert(table, columns, { name: STAGED, structure, format: 'JSONEachRow', body }, options);
    }, options.fence);
  }

  async insertRowBinary(
    table: string,
    columns: readonly string[],
    body: readonly Uint8Array[],
    options: InsertOptions = {},
  ): Promise<void> {
    if (body.every((part) => part.length === 0)) return;
    await this.#track(async () => {
      const structure = structureOf(table, columns, await this.#shapes.of(table, columns));
      await this.#insert(table, columns, { name: STAGED, structure, format: 'RowBinary', body }, options);
    }, options.fence);
  }

  endEarlierInserts(fence: Fence): Promise<void> {
    return this.#track(async () => {
      await this.#statements.end(
        'startsWith(initial_query_id, {name:String}) AND NOT startsWith(initial_query_id, {own:String})',
        { name: namePrefix(fence), own: claimPrefix(fence) },
      );
      // What they wrote of it is read next, perhaps from another node.
      await this.#catchUp('bus_positions');
    });
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled(this.#running);
      await this.#connection.close();
    })();
    return this.#closing;
  }

  #ask<Row>(sql: string, parameters: QueryParameters): Promise<Row[]> {
    return repeated(isAnswerLost, () => this.#connection.query<Row>(sql, parameters));
  }

  /**
   * One insert. When the connection broke, nobody knows whether it was stored, or will be. Then its statement is ended
   * first. Inserted again with the same token it is stored once, even if the server should only now come to the first;
   * and compared by rows once more it is whole, even if a crash left the token of a part without the part.
   */
  async #insert(
    table: string,
    columns: readonly string[],
    rows: FormTable,
    options: InsertOptions,
  ): Promise<void> {
    await this.#settle();
    try {
      await this.#send(table, columns, rows, options);
    } catch (cause) {
      if (!(cause instanceof Unreached) || !cause.mayHaveArrived) throw cause;
      const isSafe = options.token !== undefined || options.again === true;
      if (!isSafe) throw cause;
      await this.#settle();
      if (options.again !== true) await this.#send(table, columns, rows, options);
      await this.#send(table, columns, rows, { ...options, again: true });
    }
  }

  async #send(
    table: string,
    columns: readonly string[],
    rows: FormTable,
    options: InsertOptions,
  ): Promise<void> {
    const shape = await this.#shapes.of(table, columns);
    const isSpread = this.#ways.isCluster;
    if (options.again === true) await this.#catchUp(table);
    const sql = insertSql({ table, columns, from: STAGED, isSpread }, shape, options);
    const form = formOf(sql, new Map(), [rows]);
    const id = insertId(options.fence);
    try {
      await repeated(isNobodyThere, () =>
        this.#connection.post(form, id, this.#ways.insertSettings(table, options)),
      );
    } catch (cause) {
      if (cause instanceof Unreached && cause.mayHaveArrived) this.#unsettled.add(id);
      throw cause;
    }
  }

  async #catchUp(table: string): Promise<void> {
    const statement = this.#ways.catchUp(table);
    if (statement !== null) await this.#connection.command(statement, {}, this.#ways.commandSettings);
  }

  /** What was cut off must not be stored beside, or after, what comes next. */
  async #settle(): Promise<void> {
    for (const id of this.#unsettled) {
      await this.#statements.end('initial_query_id = {id:String}', { id });
      this.#unsettled.delete(id);
    }
  }

  async #track<T>(work: () => Promise<T>, fence?: Fence): Promise<T> {
    if (this.#closing !== undefined) throw new StoreError('closed', 'The store is closed.');
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (cause) {
      throw ownError(cause, fence);
    } finally {
      this.#running.delete(running);
    }
  }
}

function isNobodyThere(cause: unknown): boolean {
  return cause instanceof Unreached && !cause.mayHaveArrived;
}

/** A question changes nothing, so it can be asked again, unless it was its length that ended it. */
function isAnswerLost(cause: unknown): boolean {
  return cause instanceof Unreached && !/timeout/i.test(cause.message);
}

async function repeated<T>(isWorthIt: (cause: unknown) => boolean, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (cause) {
      if (tries === TRIES || !isWorthIt(cause)) throw cause;
      await delay(RETRY_MS * tries);
    }
  }
}

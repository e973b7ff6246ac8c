/** The store port: what the services may ask of ClickHouse, the same over the embedded engine and a server. */

import type { Fence } from '../fence.ts';

export type QueryParameters = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly number[]>
>;

export interface InsertOptions {
  /** Same token, same rows: the second insert changes nothing, in the table and in views fed by it. */
  readonly token?: string;
  /**
   * An earlier try of this insert may have been cut at any instant: compare with what is stored and add only the rows
   * that are missing, whatever the engine remembers of the token.
   */
  readonly again?: boolean;
  /** Rows that the body must have: with another count nothing is inserted and the error is `bad_data`. */
  readonly rows?: number;
  /** Nothing is inserted, and Fenced thrown, when the name was claimed anew since (`sql/migrations/0006`). */
  readonly fence?: Fence | undefined;
}

export interface Store {
  /**
   * Rows as objects, column name to value. Parameters bind to `{name:Type}` in the SQL, never by text.
   *
   * 64-bit integers come as JS numbers: exact up to 2^53, which microseconds since the epoch stay below. Hashes
   * (`series_id`, `labels_id`) do not: select `toString(series_id)` and bind it as a string. NaN and infinity come as
   * null. Throws {@link StoreError}.
   */
  query<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>;
  /** DDL and other statements without a result. */
  command(sql: string, parameters?: QueryParameters): Promise<void>;
  /**
   * Rows as objects, for the few that derived tables take. Times are ISO texts, 64-bit hashes texts; a column that a
   * row leaves out takes its default.
   */
  insertRows(
    table: string,
    rows: readonly Readonly<Record<string, unknown>>[],
    options?: InsertOptions,
  ): Promise<void>;
  /** Bytes already in ClickHouse RowBinary, in the order of `columns`; for samples. One insert, all or nothing a partition. */
  insertRowBinary(
    table: string,
    columns: readonly string[],
    body: readonly Uint8Array[],
    options?: InsertOptions,
  ): Promise<void>;
  /** Waits for what is running; later calls throw. May be called again. */
  close(): Promise<void>;
}

/** A store that can end what was begun under an earlier claim (`InsertOptions.fence`). */
export interface ClaimableStore extends Store {
  /**
   * Resolves when no insert under an earlier claim of the fence's name is under way any more. The new claim has to be
   * in the tables before: it turns away what begins later.
   */
  endEarlierInserts(fence: Fence): Promise<void>;
}

/** A statement the engine refused or gave up. */
export class StoreError extends Error {
  readonly code: 'too_slow' | 'too_many_rows' | 'too_much_memory' | 'bad_data' | 'closed' | 'failed';
  /** ClickHouse's own number, null when the engine was not reached. */
  readonly engine_code: number | null;
  constructor(
    code: StoreError['code'],
    message: string,
    options: { engine_code?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.engine_code = options.engine_code ?? null;
  }
}

/** The data directory is in use; says by whom and what to do. */
export class StoreLocked extends Error {
  readonly directory: string;
  readonly holder_pid: number | null;
  constructor(directory: string, holder_pid: number | null) {
    const holder = holder_pid === null ? 'another process' : `process ${holder_pid}`;
    super(
      `The data directory ${directory} is in use by ${holder}. ` +
        'Stop that one, send to it instead (--url), or choose another directory (--data).',
    );
    this.name = 'StoreLocked';
    this.directory = directory;
    this.holder_pid = holder_pid;
  }
}

/** The store port: what the services may ask of ClickHouse, the same over the embedded engine and a server. */

export type QueryParameters = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>;

export interface InsertOptions {
  /** Same token, same rows: the second insert changes nothing, in the table and in views fed by it. */
  readonly token?: string;
}

export interface Store {
  /** Rows as objects, column name to value. Parameters bind to `{name:Type}` in the SQL, never by text. */
  query<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>;
  /** DDL and other statements without a result. */
  command(sql: string, parameters?: QueryParameters): Promise<void>;
  /** Rows as objects; for the few rows that derived tables take. */
  insertRows(table: string, rows: readonly Readonly<Record<string, unknown>>[], options?: InsertOptions): Promise<void>;
  /** Bytes already in ClickHouse RowBinary, in the order of `columns`; for samples. */
  insertRowBinary(
    table: string,
    columns: readonly string[],
    body: readonly Uint8Array[],
    options?: InsertOptions,
  ): Promise<void>;
  close(): Promise<void>;
}

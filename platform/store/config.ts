export interface StoreConfig {
  /** Queries that run at the same time; more wait their turn. */
  readonly query_connections: number;
  /** A query that runs longer is given up, seconds. */
  readonly query_time_max_s: number;
  /** Memory that one query may take, bytes. */
  readonly query_memory_max_bytes: number;
  /** Rows that one query may return; one more is an error, never a silent cut. */
  readonly query_rows_max: number;
}

export const STORE_DEFAULTS: StoreConfig = {
  query_connections: 2,
  query_time_max_s: 30,
  query_memory_max_bytes: 2 * 1024 ** 3,
  query_rows_max: 2_000_000,
};

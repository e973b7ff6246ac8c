import type { PasswordSource, TlsFiles } from '../credentials.ts';

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

/** A ClickHouse server or cluster, over HTTP or HTTPS, whose certificate is always verified. The limits of queries are sent with each of them. */
export interface StoreServerConfig extends StoreConfig, PasswordSource, TlsFiles {
  /** `http://host:8123` or `https://host:8443`; a path is kept (a proxy). */
  readonly url: string;
  /** Made when it is not there. */
  readonly database: string;
  readonly user: string;
  /** Name of the cluster in the server's configuration: tables are replicated and spread over it. One server: null. */
  readonly cluster: string | null;
  /** Requests at the same time; more wait their turn. */
  readonly connections: number;
  /** An insert or a change of tables that takes longer counts as lost, seconds. */
  readonly insert_time_max_s: number;
  /** How long to wait for the server at the start, seconds. */
  readonly reach_time_max_s: number;
  /** How long to wait for the end of an insert that nobody wants any more, after it was killed, seconds. */
  readonly settle_time_max_s: number;
}

export const STORE_SERVER_DEFAULTS: StoreServerConfig = {
  ...STORE_DEFAULTS,
  url: 'http://127.0.0.1:8123',
  database: 'headway',
  user: 'default',
  password: null,
  password_file: null,
  ca_file: null,
  cert_file: null,
  key_file: null,
  cluster: null,
  connections: 16,
  insert_time_max_s: 120,
  reach_time_max_s: 60,
  settle_time_max_s: 60,
};

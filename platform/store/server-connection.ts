import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { StoreServerConfig } from './config.ts';
import { type Unreached, unreachedOf } from './server-errors.ts';
import type { QueryParameters } from './store.ts';

/** A body of `multipart/form-data`, of which a request can be made more than once. */
export interface FormBody {
  readonly contentType: string;
  readonly chunks: readonly Uint8Array[];
}

type Settings = Readonly<Record<string, string | number>>;

/** The engine gives up by itself after its time limit; only when it does not even say so the connection is given up. */
const ANSWER_SLACK_S = 10;

/**
 * Requests to a ClickHouse server over HTTP. What the server says comes as the client's ClickHouseError, everything
 * else as {@link Unreached}.
 */
export class ServerConnection {
  readonly #config: StoreServerConfig;
  readonly #asking: ClickHouseClient;
  readonly #writing: ClickHouseClient;

  constructor(config: StoreServerConfig) {
    this.#config = config;
    const { database } = config;
    // The answer is held back until it is whole: an error half-way is an error and no shorter answer.
    const common = { async_insert: 0, wait_end_of_query: 1 } as const;
    this.#writing = clientOf(config, database, config.insert_time_max_s, common);
    this.#asking = clientOf(config, database, config.query_time_max_s + ANSWER_SLACK_S, {
      ...common,
      output_format_json_quote_64bit_integers: 0,
      output_format_json_quote_denormals: 0,
      max_execution_time: config.query_time_max_s,
      max_memory_usage: String(config.query_memory_max_bytes),
      max_result_rows: String(config.query_rows_max),
    });
  }

  query<Row>(sql: string, parameters: QueryParameters): Promise<Row[]> {
    return this.#reach(async () => {
      const result = await this.#asking.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: { ...parameters },
      });
      return await result.json<Row>();
    });
  }

  command(sql: string, parameters: QueryParameters, settings: Settings = {}): Promise<void> {
    return this.#reach(async () => {
      await this.#writing.command({
        query: sql,
        query_params: { ...parameters },
        clickhouse_settings: { ...settings },
      });
    });
  }

  /** A statement with the table that it reads, in one request. The server knows it by `queryId` while it runs. */
  post(form: FormBody, queryId: string, settings: Settings): Promise<void> {
    return this.#reach(async () => {
      const { stream } = await this.#writing.exec({
        // it is a part of the form
        query: '',
        values: Readable.from(form.chunks, { objectMode: false }),
        query_id: queryId,
        http_headers: { 'Content-Type': form.contentType },
        clickhouse_settings: { ...settings },
      });
      await stream.toArray();
    });
  }

  /** A statement outside of the database, which may not exist yet. */
  async outside(sql: string): Promise<void> {
    const client = clientOf(this.#config, 'default', this.#config.insert_time_max_s, {});
    try {
      await this.#reach(() => client.command({ query: sql }));
    } finally {
      await client.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#asking.close(), this.#writing.close()]);
  }

  async #reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw unreachedOf(cause, this.#config.url) ?? cause;
    }
  }
}

function clientOf(
  config: StoreServerConfig,
  database: string,
  timeout_s: number,
  settings: Settings,
): ClickHouseClient {
  const url = new URL(config.url);
  // The client would take a path for the name of the database.
  const pathname = url.pathname;
  url.pathname = '/';
  return createClient({
    url,
    ...(pathname === '/' ? {} : { pathname }),
    database,
    username: config.user,
    password: config.password ?? '',
    application: 'headway',
    request_timeout: timeout_s * 1000,
    max_open_connections: config.connections,
    // Lists of devices and times may be long: then they go in the body, past the limits of URLs.
    use_multipart_params_auto: true,
    keep_alive: { enabled: true, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { ...settings },
    ...(config.ca_file === null ? {} : { tls: { ca_cert: readFileSync(config.ca_file) } }),
  });
}

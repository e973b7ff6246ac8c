import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { passwordOf, readTlsFiles } from '../credentials.ts';
import type { StoreServerConfig } from './config.ts';
import { type Unreached, unreachedOf } from './server-errors.ts';
import { type FormBody, formOf } from './server-form.ts';
import { parameterText, type SpreadParameters, spreadParameters } from './server-parameters.ts';
import type { QueryParameters } from './store.ts';

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
    const spread = spreadParameters(sql, parameters);
    if (spread.tables.length > 0) return this.#reach(() => this.#queryWithTables<Row>(spread));
    return this.#reach(async () => {
      const result = await this.#asking.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: { ...parameters },
      });
      return await result.json<Row>();
    });
  }

  async #queryWithTables<Row>({ sql, parameters, tables }: SpreadParameters): Promise<Row[]> {
    const texts = Object.entries(parameters).map(([name, value]) => [name, parameterText(value)] as const);
    const { stream } = await this.#asking.exec(
      requestOf(formOf(`${sql}\nFORMAT JSONEachRow`, new Map(texts), tables)),
    );
    const chunks: Buffer[] = await stream.toArray();
    const lines = Buffer.concat(chunks).toString().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
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
        ...requestOf(form),
        query_id: queryId,
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

/** The statement is a part of the form. */
function requestOf({ contentType, chunks }: FormBody) {
  return {
    query: '',
    values: Readable.from(chunks, { objectMode: false }),
    http_headers: { 'Content-Type': contentType },
  };
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
    password: passwordOf(config, 'clickhouse') ?? '',
    application: 'headway',
    request_timeout: timeout_s * 1000,
    max_open_connections: config.connections,
    // Lists of devices and times may be long: then they go in the body, past the limits of URLs.
    use_multipart_params_auto: true,
    keep_alive: { enabled: true, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { ...settings },
    ...tlsOf(config),
  });
}

/** Without a password a certificate of the process stands for it: then the client asks to be known by it. */
function tlsOf(config: StoreServerConfig) {
  const { ca, cert, key } = readTlsFiles(config, 'clickhouse');
  if (cert === undefined || key === undefined)
    return ca === undefined ? {} : { tls: { ca_cert: Buffer.from(ca) } };
  if (config.password === null && config.password_file === null) {
    const ca_cert = Buffer.from(ca ?? rootCertificates.join('\n'));
    return { tls: { ca_cert, cert: Buffer.from(cert), key: Buffer.from(key) } };
  }
  const limits = { keepAlive: true, maxSockets: config.connections };
  return { http_agent: new Agent({ ...limits, cert, key, ...(ca === undefined ? {} : { ca }) }) };
}

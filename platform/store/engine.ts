import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import type { QueryParameters } from './store.ts';

type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/**
 * One connection to the engine in this process. Several may be open on one directory; they work side by side.
 *
 * Statements go in one at a time. The engine would queue them itself, but it has a fault that must be mended between
 * two of them: rows that a failed query had already produced (it timed out, say) are returned by the next statement
 * of the connection as if they were its own (chDB 26.7.2.1). So after a failure a statement is run for no other
 * purpose than to take them away.
 */
export class EngineConnection {
  readonly #client: ClickHouseClient;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  /** Throws what the engine throws when it cannot open `path`. */
  constructor(path: string, settings: Readonly<Record<string, number | string>>) {
    this.#client = createClient({
      // Two copies of one interface: chdb was built against a neighbouring version of the client's types.
      connection: createChdbConnection({ path }) as unknown as Connection,
      // The engine keeps settings for the connection and not for a statement: they are the same for all of them.
      clickhouse_settings: settings,
    });
  }

  /** Statements given and not finished. */
  get pending(): number {
    return this.#pending;
  }

  async query<Row>(sql: string, parameters: QueryParameters): Promise<Row[]> {
    return await this.#inTurn(async () => {
      const result = await this.#client.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: { ...parameters },
      });
      return await result.json<Row>();
    });
  }

  async command(sql: string, parameters: QueryParameters): Promise<void> {
    await this.#inTurn(() => this.#client.command({ query: sql, query_params: { ...parameters } }));
  }

  /** Waits for the statements given. */
  async close(): Promise<void> {
    await this.#last;
    await this.#client.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    const result = this.#last.then(work);
    this.#last = result
      .catch(() => this.#client.command({ query: 'SELECT 1' }).catch(() => {}))
      .finally(() => {
        this.#pending -= 1;
      });
    return result;
  }
}

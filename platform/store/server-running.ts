import { setTimeout as delay } from 'node:timers/promises';
import type { StoreServerConfig } from './config.ts';
import { quoteText } from './insert-sql.ts';
import type { ClusterWays } from './server-cluster.ts';
import type { ServerConnection } from './server-connection.ts';
import { StoreError } from './store.ts';

const POLL_MS_MIN = 20;
const POLL_MS_MAX = 500;

/** Statements that run on the server, told by the ids that this side gave them. */
export class RunningStatements {
  readonly #connection: ServerConnection;
  readonly #ways: ClusterWays;
  readonly #end_time_max_s: number;

  constructor(connection: ServerConnection, ways: ClusterWays, config: StoreServerConfig) {
    this.#connection = connection;
    this.#ways = ways;
    this.#end_time_max_s = config.settle_time_max_s;
  }

  /**
   * Kills statements and resolves when none of them runs any more. `isMeant` is a condition over `initial_query_id`.
   * Throws {@link StoreError} when one does not end in time.
   */
  async end(isMeant: string, parameters: Readonly<Record<string, string>>): Promise<void> {
    const until = performance.now() + this.#end_time_max_s * 1000;
    for (let wait_ms = POLL_MS_MIN; ; wait_ms = Math.min(2 * wait_ms, POLL_MS_MAX)) {
      const running = await this.#running(isMeant, parameters);
      if (running.length === 0) return;
      if (performance.now() > until) {
        throw new StoreError(
          'failed',
          `The insert ${running[0]} was killed and has not ended for ${this.#end_time_max_s} s`,
        );
      }
      const ids = running.map(quoteText).join(', ');
      const kill = `KILL QUERY${this.#ways.everywhere} WHERE query_id IN (${ids}) ASYNC`;
      await this.#connection.command(kill, {}, this.#ways.commandSettings);
      await delay(wait_ms);
    }
  }

  async #running(isMeant: string, parameters: Readonly<Record<string, string>>): Promise<string[]> {
    const rows = await this.#connection.query<{ id: string }>(
      `SELECT DISTINCT query_id AS id FROM ${this.#ways.processes} WHERE ${isMeant}`,
      parameters,
    );
    return rows.map(({ id }) => id);
  }
}

import { CredentialsUnusable } from '../../platform/credentials.ts';
import type { Log } from '../../platform/log.ts';
import { clusterPlace } from '../../platform/store/cluster-tables.ts';
import { MigrationError, migrate } from '../../platform/store/migrate.ts';
import { openServerStore } from '../../platform/store/server.ts';
import { StoreRefused } from '../../platform/store/server-refusal.ts';
import type { ClaimableStore } from '../../platform/store/store.ts';
import type { Readiness } from '../../platform/telemetry/operation-routes.ts';
import type { HeadwayConfig } from '../all-in-one/config.ts';
import { createDependency } from './waiting.ts';

/** The tables of a ClickHouse server, which may not be there yet. */
export interface Tables {
  /**
   * Waits until the server answers and brings its tables to this version; undefined when the signal came first. Several
   * processes may do so at once. Throws MigrationError, StoreRefused, CredentialsUnusable.
   */
  open(signal: AbortSignal): Promise<ClaimableStore | undefined>;
  /** Asks them, once they were reached. */
  readiness(): Promise<Readiness>;
  close(): Promise<void>;
}

export function tablesOf({ clickhouse, cluster }: HeadwayConfig, log: Log): Tables {
  const dependency = createDependency({
    name: 'tables',
    address: clickhouse.url,
    config: cluster,
    log,
    isFinal: (error) =>
      error instanceof MigrationError ||
      error instanceof StoreRefused ||
      error instanceof CredentialsUnusable,
  });
  let store: ClaimableStore | undefined;
  return {
    async open(signal) {
      // it is tried again here, where a stop can end it
      const once = { ...clickhouse, reach_time_max_s: 0 };
      store = await dependency.reach(async () => {
        const opened = await openServerStore(once, log);
        try {
          await migrate(opened, undefined, clusterPlace(clickhouse));
          return opened;
        } catch (error) {
          await opened.close();
          throw error;
        }
      }, signal);
      return store;
    },
    async readiness() {
      if (store === undefined) return dependency.readiness();
      await store.query('SELECT 1 AS one');
      return { ok: true };
    },
    async close() {
      await store?.close();
    },
  };
}

import { LOCAL_SUFFIX, placeOf } from './cluster-tables.ts';
import type { StoreServerConfig } from './config.ts';
import { quoteName, quoteText } from './insert-sql.ts';
import type { InsertOptions } from './store.ts';

/** How statements differ between one server and a cluster, where another node may be asked each time. */
export interface ClusterWays {
  readonly isCluster: boolean;
  /** Behind the object of a statement that is meant for all nodes. */
  readonly everywhere: string;
  /** The statements that run on all nodes, as a table. */
  readonly processes: string;
  readonly commandSettings: Readonly<Record<string, string | number>>;
  insertSettings(table: string, options: InsertOptions): Readonly<Record<string, string | number>>;
  /** A statement after which every node has what was stored in a table before; null where that is so anyway. */
  catchUp(table: string): string | null;
}

export function clusterWays(config: StoreServerConfig): ClusterWays {
  const { cluster, database, insert_time_max_s } = config;
  if (cluster === null) {
    return {
      isCluster: false,
      everywhere: '',
      processes: 'system.processes',
      commandSettings: {},
      insertSettings: () => ({}),
      catchUp: () => null,
    };
  }
  const everywhere = ` ON CLUSTER ${quoteName(cluster)}`;
  return {
    isCluster: true,
    everywhere,
    processes: `clusterAllReplicas(${quoteText(cluster)}, system.processes)`,
    commandSettings: { distributed_ddl_task_timeout: Math.ceil(insert_time_max_s / 2) },
    insertSettings: (table, { fence }) => ({
      // Without it the shards would get their rows after the answer. The name that servers of all versions know.
      insert_distributed_sync: 1,
      // Acknowledged means: on most replicas.
      insert_quorum: 'auto',
      // Claims come one after another, and a node that has not heard of the newest refuses to look whether it has.
      ...(table === 'bus_fences' ? { insert_quorum_parallel: 0 } : {}),
      ...(fence === undefined ? {} : { select_sequential_consistency: 1 }),
    }),
    catchUp: (table) => {
      const place = placeOf(table);
      if (place === undefined) return null;
      const rows = place === 'everywhere' ? table : `${table}${LOCAL_SUFFIX}`;
      return `SYSTEM SYNC REPLICA${everywhere} ${quoteName(database)}.${quoteName(rows)}`;
    },
  };
}

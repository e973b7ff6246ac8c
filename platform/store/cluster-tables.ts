import type { StoreServerConfig } from './config.ts';

/** Where the tables of cluster mode are. */
export interface ClusterPlace {
  /** Name of the cluster in `remote_servers` of the servers' configuration. */
  readonly cluster: string;
  readonly database: string;
}

/** Null: one server, whose tables are those of `sql/migrations` as they are. */
export function clusterPlace({ cluster, database }: StoreServerConfig): ClusterPlace | null {
  return cluster === null ? null : { cluster, database };
}

/** A table that is spread over a cluster has its rows in one of this name on each node. */
export const LOCAL_SUFFIX = '_local';

/** Which rows of a table are on one shard. Rows that may replace one another have to be, and those that are joined. */
const BY_JOB = 'cityHash64(job)';

/**
 * Tables that are spread over the shards, each with its sharding key: a job's rows together, a series' rows together, a
 * node's devices together. Events of no job are their node's.
 */
const SHARDED: Readonly<Record<string, string>> = {
  run_events: "cityHash64(if(job = '', node, job))",
  series_points: 'cityHash64(series_id)',
  device_samples: "cityHash64(if(node = '', target, node))",
  job_segments: BY_JOB,
  job_steps: BY_JOB,
  job_incidents: BY_JOB,
  job_specs: BY_JOB,
  job_revisions: BY_JOB,
  job_results: BY_JOB,
};

/**
 * Tables that every node has whole. They are small beside the others, and are what others are joined with or looked up
 * in: so no query asks a table that is spread inside of one that is.
 */
const EVERYWHERE: ReadonlySet<string> = new Set([
  'schema_migrations',
  'series',
  'linearity_baselines',
  'bus_fences',
  'bus_positions',
]);

/** The sharding key of a table that is spread; undefined for a table that nobody has placed. */
export function placeOf(table: string): string | 'everywhere' | undefined {
  return EVERYWHERE.has(table) ? 'everywhere' : SHARDED[table];
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What makes the engine of a process believe that it is the only node of a cluster. */
export interface OneNodeCluster {
  readonly engineArguments: readonly string[];
  /** A statement as this node would get it. */
  readonly rewrite: (sql: string) => string;
}

/**
 * The engine knows the cluster, so `Distributed` tables find it and are checked and planned as such. What it has not is
 * a queue of statements for all nodes, and replication: it opens no port for it. So a statement `ON CLUSTER` runs as the
 * node would run it in the end, and tables are not replicated.
 */
export async function oneNodeCluster(name: string, folder: string): Promise<OneNodeCluster> {
  const path = join(folder, 'engine.xml');
  await writeFile(path, engineConfig(name));
  return { engineArguments: [`--config-file=${path}`], rewrite: asOneNode };
}

/** Configuration of an engine in a process: the cluster, the macros of a node, and a Keeper in memory. */
export function engineConfig(cluster: string): string {
  return `<clickhouse>
  <tcp_port>9000</tcp_port>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <macros><shard>01</shard><replica>a</replica></macros>
  <remote_servers><${cluster}><shard>
    <internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9000</port></replica>
  </shard></${cluster}></remote_servers>
</clickhouse>
`;
}

/** Without `ON CLUSTER`: what the queue of the cluster hands to a node. */
export function withoutCluster(sql: string): string {
  return sql.replace(/ ON CLUSTER `\w+`/, '');
}

/** Without replication either: the same table of one node. */
export function withoutReplication(sql: string): string {
  return sql
    .replace(/ENGINE = Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?/, 'ENGINE = $1(')
    .replace(
      /replicated_deduplication_window = (\d+), replicated_deduplication_window_seconds = \d+/,
      'non_replicated_deduplication_window = $1',
    );
}

function asOneNode(sql: string): string {
  if (/^\s*SYSTEM SYNC REPLICA\b/.test(sql)) return 'SELECT 1';
  return withoutReplication(withoutCluster(sql)).replace(
    /clusterAllReplicas\('\w+', system\.processes\)/g,
    'system.processes',
  );
}

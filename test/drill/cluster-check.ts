import { setTimeout as sleep } from 'node:timers/promises';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { askTopicEnds, type EndsByPartition } from '../../platform/bus/kafka/topic-ends.ts';
import { silentLog } from '../../platform/log.ts';
import type { Store } from '../../platform/store/store.ts';
import { readTopic, withAdmin } from '../support/kafka-read-back.ts';
import { eventually } from '../support/loopback.ts';
import type { Oracle, Verdict } from '../support/oracle.ts';
import type { Cluster } from './cluster.ts';
import { compareDerived } from './derived-check.ts';
import type { DeviceExporter, DeviceVerdict } from './device-oracle.ts';

/** What the tables, the topic and the answers say when everything is over. */
export interface ClusterVerdict {
  readonly verdict: Verdict;
  readonly devices: readonly DeviceVerdict[];
  /** Jobs whose account, or whose published results, differ from those made from scratch of what is stored. */
  readonly derived: readonly string[];
  /** Batches in the topic, and those of them that are copies of others: written more than once by the client. */
  readonly messages: number;
  readonly copies: number;
  /** Claims of partitions, and of the shards of the jobs, that were made. */
  readonly claims: number;
  /** Times that a partition of the topic got another leader. */
  readonly leader_changes: number;
}

/** Everything that was sent is on its way into the tables, and nothing is sent any more. */
export async function checkCluster(parts: {
  readonly cluster: Cluster;
  readonly oracle: Oracle;
  readonly exporters: readonly DeviceExporter[];
  readonly folder: string;
}): Promise<Omit<ClusterVerdict, 'leader_changes'>> {
  const { cluster, oracle, exporters, folder } = parts;
  const store = await cluster.openStore();
  try {
    await caughtUp(cluster, store);
    const verdict = await oracle.check(store);
    const devices = await Promise.all(exporters.map((exporter) => exporter.check(store)));
    const derived = await compareDerived({ store, api: cluster.api, jobs: oracle.jobs, folder });
    const [row] = await store.query<{ claims: number }>(
      'SELECT sum(newest) AS claims FROM (SELECT max(epoch) AS newest FROM bus_fences GROUP BY name)',
    );
    return { verdict, devices, derived, ...(await countCopies(cluster)), claims: row?.claims ?? 0 };
  } finally {
    await store.close();
  }
}

/**
 * Resolves when all that was acknowledged before the call is in the tables: nothing of it waits on the disks of the
 * collectors, and then the positions reach where the topic ended. Targets are scraped all the while, so what comes later
 * is not waited for.
 */
async function caughtUp(cluster: Cluster, store: Store): Promise<void> {
  const waiting = {
    limit_ms: CAUGHT_UP_LIMIT_MS,
    every_ms: 500,
    describe: () => cluster.members.map(({ name, last }) => `${name}:\n${last}`).join('\n\n'),
  };
  await eventually(async () => (await hasNothingOnDisks(cluster)) || undefined, waiting);
  const { kafka } = cluster;
  const ends = await withAdmin(kafka, (admin) => askTopicEnds(admin, kafka.topic));
  await eventually(async () => (await hasStored(ends, store)) || undefined, waiting);
}

async function hasNothingOnDisks({ collectors }: Cluster): Promise<boolean> {
  for (const { url } of collectors) {
    if (url === null) return false;
    const text = await (await fetch(`${url}/metrics`)).text();
    const waiting = [...text.matchAll(/^headway_\w*spool_waiting_bytes\S* (\S+)$/gm)].map(([, value]) =>
      Number(value),
    );
    if (waiting.length === 0) throw new Error(`${url}/metrics tells no waiting bytes`);
    if (waiting.some((bytes) => bytes > 0)) return false;
  }
  return true;
}

async function hasStored(ends: EndsByPartition, store: Store): Promise<boolean> {
  const rows = await store.query<{ name: string; next_offset: number | null }>(
    "SELECT name, next_offset FROM bus_positions FINAL WHERE producer = ''",
  );
  const stored = new Map(rows.map((row) => [Number(/\/(\d+)$/.exec(row.name)?.[1]), row.next_offset ?? 0]));
  return [...ends].every(
    ([partition, { low, high }]) => high === low || (stored.get(partition) ?? 0) >= high,
  );
}

/** What the readers had to tell apart. */
async function countCopies(cluster: Cluster): Promise<{ messages: number; copies: number }> {
  const seen = new Set<string>();
  const messages = await readTopic(cluster.kafka);
  for (const { partition, decoded } of messages) {
    if (decoded.kind === 'batch') seen.add(`${partition} ${decoded.producer} ${decoded.sequence}`);
  }
  return { messages: messages.length, copies: messages.length - seen.size };
}

/** Counts changes of leaders until the signal, as far as a look every so often sees them. */
export async function watchLeaders(
  { kafka }: Cluster,
  signal: AbortSignal,
): Promise<{ readonly changes: number; readonly over: Promise<void> }> {
  const admin = createKafkaClient(kafka, silentLog).admin();
  await admin.connect();
  const known = new Map<number, number>();
  let changes = 0;
  const look = async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [kafka.topic] });
    for (const { partitionId, leader } of topics[0]?.partitions ?? []) {
      if (leader < 0) continue;
      const before = known.get(partitionId);
      if (before !== undefined && before !== leader) changes += 1;
      known.set(partitionId, leader);
    }
  };
  const watch = async () => {
    while (!signal.aborted) {
      // a node is away as a rule, and the next look asks another
      await look().catch(() => undefined);
      await sleep(LEADERS_LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    await admin.disconnect().catch(() => undefined);
  };
  const over = watch();
  return {
    get changes() {
      return changes;
    },
    over,
  };
}

const CAUGHT_UP_LIMIT_MS = 240_000;
const LEADERS_LOOK_MS = 1000;

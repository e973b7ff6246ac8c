import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { ConfigError } from '../../platform/config.ts';
import type { StoreServerConfig } from '../../platform/store/config.ts';

/** How the processes of cluster mode start and stop. Times in seconds. */
export interface ClusterConfig {
  /** Pause between two tries to reach Kafka or the tables while a process starts. */
  readonly start_retry_s: number;
  /** How often a process that still waits for them says so in its log. */
  readonly waiting_interval_s: number;
  /** An orderly stop that has not ended by then is cut short. What was acknowledged is safe in any case. */
  readonly stop_timeout_s: number;
  /** How long an answer that was asked for with `consistent=true` waits for the tables to catch up with Kafka. */
  readonly consistent_timeout_s: number;
  /** How often an analyzer looks whether it accounts the jobs of every partition that it reads. */
  readonly shards_interval_s: number;
}

export const CLUSTER_DEFAULTS: ClusterConfig = {
  start_retry_s: 2,
  waiting_interval_s: 30,
  stop_timeout_s: 9,
  consistent_timeout_s: 30,
  shards_interval_s: 5,
};

/** Throws ConfigError where the settings of the bus are no settings of a bus. */
export function checkKafka({ kafka }: { readonly kafka: KafkaConfig }): void {
  const { brokers, replication_factor, min_insync_replicas } = kafka;
  const mend = 'Give `host:port` of some brokers, such as `brokers: ["kafka-1:9092", "kafka-2:9092"]`.';
  if (brokers.length === 0)
    throw new ConfigError('out_of_range', 'kafka.brokers', 'there is no broker in it', mend);
  for (const [index, broker] of brokers.entries()) {
    if (typeof broker === 'string' && isAddress(broker)) continue;
    const problem = `${JSON.stringify(broker)} is not the address of a broker`;
    throw new ConfigError('wrong_type', `kafka.brokers[${index}]`, problem, mend);
  }
  if (!Number.isSafeInteger(replication_factor)) {
    const problem = `kafka.replication_factor must be a whole number, got ${replication_factor}`;
    throw new ConfigError('out_of_range', 'kafka.replication_factor', problem, 'Give 1 or 3.');
  }
  if (min_insync_replicas <= replication_factor) return;
  throw new ConfigError(
    'out_of_range',
    'kafka.min_insync_replicas',
    `${min_insync_replicas} replicas cannot be in sync when kafka.replication_factor is ${replication_factor}`,
    'Nothing could be written. Give at most the replication factor: 2 of 3, or 1 of 1.',
  );
}

/** Throws ConfigError where the address of the tables is none. */
export function checkClickHouse({ clickhouse }: { readonly clickhouse: StoreServerConfig }): void {
  const url = URL.canParse(clickhouse.url) ? new URL(clickhouse.url) : undefined;
  const place = 'clickhouse.url';
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const problem = `${JSON.stringify(clickhouse.url)} is not an http or https address`;
    throw new ConfigError('wrong_type', place, problem, 'Give one such as `http://clickhouse:8123`.');
  }
  if (url.username === '' && url.password === '') return;
  const mend = 'Give them as `clickhouse.user` and `clickhouse.password`, which are never printed.';
  throw new ConfigError('wrong_type', place, 'the address holds a user or a password', mend);
}

/** A name or an IPv4 address, or an IPv6 address in brackets, and a port. */
function isAddress(text: string): boolean {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match !== null && port > 0 && port <= 65_535;
}

import { type KafkaConfig, SASL_MECHANISMS } from '../../platform/bus/kafka/config.ts';
import { ConfigError } from '../../platform/config.ts';
import type { PasswordSource, TlsFiles } from '../../platform/credentials.ts';
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
  checkTopic(kafka);
  checkTls(kafka);
  checkSasl(kafka);
  checkHeartbeat(kafka);
  if (min_insync_replicas <= replication_factor) return;
  throw new ConfigError(
    'out_of_range',
    'kafka.min_insync_replicas',
    `${min_insync_replicas} replicas cannot be in sync when kafka.replication_factor is ${replication_factor}`,
    'Nothing could be written. Give at most the replication factor: 2 of 3, or 1 of 1.',
  );
}

/** What Kafka takes (org.apache.kafka.common.internals.Topic, 4.0), with room for the name of the topic of dead letters. */
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,237}$/;

function checkTopic({ topic }: KafkaConfig): void {
  if (TOPIC_NAME.test(topic)) return;
  const problem = `${JSON.stringify(topic)} is no name of a topic`;
  const mend = 'Kafka takes letters, digits, `.`, `_` and `-`; give 237 of them at most.';
  throw new ConfigError('out_of_range', 'kafka.topic', problem, mend);
}

/** One that comes late, or is lost, must not cost a reader its partitions: Kafka's own clients want a third. */
const HEARTBEATS_IN_SESSION = 3;

function checkHeartbeat({ reader }: KafkaConfig): void {
  const { heartbeat_interval_s, session_timeout_s } = reader;
  const most_s = session_timeout_s / HEARTBEATS_IN_SESSION;
  if (heartbeat_interval_s <= most_s) return;
  const problem = `${heartbeat_interval_s} s is more than a third of kafka.reader.session_timeout_s (${session_timeout_s})`;
  const mend = `The group would let go of a reader that is well. Give at most ${most_s}.`;
  throw new ConfigError('out_of_range', 'kafka.reader.heartbeat_interval_s', problem, mend);
}

/** Files of TLS without TLS are a mistake, and not one to find out by what is sent in the clear. */
function checkTls({ tls }: KafkaConfig): void {
  const { enabled, ...files } = tls;
  const [named] = Object.entries(files).filter(([, value]) => value !== null);
  if (!enabled && named !== undefined) {
    const problem = `is set, and kafka.tls.enabled is false`;
    throw new ConfigError('out_of_range', `kafka.tls.${named[0]}`, problem, 'Set kafka.tls.enabled: true.');
  }
  checkKeyPair(tls, 'kafka.tls');
}

function checkSasl({ sasl }: KafkaConfig): void {
  const { mechanism, username, password, password_file } = sasl;
  const known = SASL_MECHANISMS.join(', ');
  if (mechanism === null) {
    const isSet = username !== null || password !== null || password_file !== null;
    if (!isSet) return;
    const problem = 'is not set, and other settings of kafka.sasl are';
    throw new ConfigError('out_of_range', 'kafka.sasl.mechanism', problem, `Give one of ${known}.`);
  }
  if (!SASL_MECHANISMS.some((one) => one === mechanism)) {
    const problem = `${JSON.stringify(mechanism)} is not supported`;
    throw new ConfigError('out_of_range', 'kafka.sasl.mechanism', problem, `Give one of ${known}.`);
  }
  if (username === null) {
    const mend = 'Give the name of the user.';
    throw new ConfigError('out_of_range', 'kafka.sasl.username', 'is not set', mend);
  }
  checkPassword(sasl, 'kafka.sasl');
  if (password !== null || password_file !== null) return;
  const mend = 'Give HEADWAY__KAFKA__SASL__PASSWORD in the environment, or kafka.sasl.password_file.';
  throw new ConfigError('out_of_range', 'kafka.sasl.password', 'is not set', mend);
}

function checkKeyPair({ cert_file, key_file }: TlsFiles, section: string): void {
  if ((cert_file === null) === (key_file === null)) return;
  const [missing, given] = cert_file === null ? ['cert_file', 'key_file'] : ['key_file', 'cert_file'];
  const problem = `is not set, and ${section}.${given} is`;
  throw new ConfigError('out_of_range', `${section}.${missing}`, problem, 'Give both, or none.');
}

function checkPassword({ password, password_file }: PasswordSource, section: string): void {
  if (password === null || password_file === null) return;
  const problem = `is set, and ${section}.password as well`;
  throw new ConfigError('out_of_range', `${section}.password_file`, problem, 'Keep one of them.');
}

/** Throws ConfigError where the address of the tables is none, or what is set for it does not go together. */
export function checkClickHouse({ clickhouse }: { readonly clickhouse: StoreServerConfig }): void {
  checkClickHouseUrl(clickhouse);
  checkPassword(clickhouse, 'clickhouse');
  checkKeyPair(clickhouse, 'clickhouse');
  const { url, ca_file, cert_file } = clickhouse;
  if ((ca_file === null && cert_file === null) || url.startsWith('https:')) return;
  const file = ca_file === null ? 'cert_file' : 'ca_file';
  const mend = 'Give an https address in clickhouse.url (port 8443).';
  throw new ConfigError(
    'out_of_range',
    `clickhouse.${file}`,
    `is set, and clickhouse.url is not https`,
    mend,
  );
}

function checkClickHouseUrl(clickhouse: StoreServerConfig): void {
  const url = URL.canParse(clickhouse.url) ? new URL(clickhouse.url) : undefined;
  const place = 'clickhouse.url';
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const problem = `${JSON.stringify(clickhouse.url)} is not an http or https address`;
    throw new ConfigError('wrong_type', place, problem, 'Give one such as `http://clickhouse:8123`.');
  }
  if (url.username === '' && url.password === '') return;
  const mend = 'Give them as `clickhouse.user` and `clickhouse.password`, which is never printed.';
  throw new ConfigError('wrong_type', place, 'the address holds a user or a password', mend);
}

/** A name or an IPv4 address, or an IPv6 address in brackets, and a port. */
function isAddress(text: string): boolean {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match !== null && port > 0 && port <= 65_535;
}

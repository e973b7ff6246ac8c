import type { Log } from '../../log.ts';
import { brokerErrorType, type KafkaAdmin, type KafkaClient, TOPIC_RESOURCE } from './client.ts';
import type { KafkaConfig } from './config.ts';

type TopicConfig = Pick<
  KafkaConfig,
  | 'topic'
  | 'partitions'
  | 'replication_factor'
  | 'min_insync_replicas'
  | 'retention_hours'
  | 'message_bytes_max'
>;

/** The topic as it is. */
export interface Topic {
  readonly partitions: number;
  /** The smaller of what is configured and what the brokers take, bytes. */
  readonly message_bytes_max: number;
  /** Whether this user may see its settings (DescribeConfigs), which it can work without. */
  readonly isShown: boolean;
  /** Settings that endanger what was acknowledged, or that get batches refused, each as a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Makes the topic when it is not there, and says how it is. Rejects when the brokers cannot be reached, or will not make
 * it (such as more replicas than brokers).
 */
export async function ensureTopic(client: KafkaClient, config: TopicConfig, log: Log): Promise<Topic> {
  const admin = client.admin();
  try {
    await admin.connect();
    const made = await makeTopic(admin, config);
    if (made) log.info('kafka topic was made', { topic: config.topic, partitions: config.partitions });
    return await readTopic(admin, config);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** The topic and the number of brokers, without making anything; null for a topic that is not there. Rejects as above. */
export async function lookAtTopic(
  client: KafkaClient,
  config: TopicConfig,
): Promise<{ readonly topic: Topic | null; readonly brokers: number }> {
  const admin = client.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const isThere = (await admin.listTopics()).includes(config.topic);
    return { topic: isThere ? await readTopic(admin, config) : null, brokers: brokers.length };
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** The settings that a topic of ours is made with, by Kafka's names. */
export function topicSettings(config: TopicConfig): Readonly<Record<string, string>> {
  return {
    'min.insync.replicas': String(config.min_insync_replicas),
    'retention.ms': String(config.retention_hours * 3_600_000),
    'cleanup.policy': 'delete',
    'max.message.bytes': String(config.message_bytes_max),
    // A replica that missed acknowledged messages must not become the leader.
    'unclean.leader.election.enable': 'false',
    'compression.type': 'producer',
    // The broker's clock decides what is old: with that of the senders a wrong one empties the topic at once, or never.
    'message.timestamp.type': 'LogAppendTime',
  };
}

async function makeTopic(admin: KafkaAdmin, config: TopicConfig): Promise<boolean> {
  if ((await admin.listTopics()).includes(config.topic)) return false;
  try {
    return await admin.createTopics({
      // To wait for leaders fails on several brokers, where not all know the topic at once; senders try again anyway.
      waitForLeaders: false,
      topics: [
        {
          topic: config.topic,
          numPartitions: config.partitions,
          replicationFactor: config.replication_factor,
          configEntries: Object.entries(topicSettings(config)).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  } catch (cause) {
    // Another collector was faster.
    if (brokerErrorType(cause) === 'TOPIC_ALREADY_EXISTS') return false;
    throw cause;
  }
}

async function readTopic(admin: KafkaAdmin, config: TopicConfig): Promise<Topic> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [config.topic] });
  const partitions = topics.find(({ name }) => name === config.topic)?.partitions ?? [];
  if (partitions.length === 0) throw new Error(`the brokers know no partition of topic ${config.topic} yet`);
  const settings = await readSettings(admin, config.topic);
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  const { brokers } = await admin.describeCluster();
  const theirs = Number(settings.get('max.message.bytes') ?? config.message_bytes_max);
  return {
    partitions: partitions.length,
    message_bytes_max: Math.min(config.message_bytes_max, theirs),
    isShown: settings.size > 0,
    warnings: [
      ...(settings.size === 0
        ? [`this user may not see its settings (DescribeConfigs): they are not checked`]
        : []),
      ...dangersOf(config, { settings, replicas, brokers: brokers.length }),
    ],
  };
}

/** By Kafka's names; none when this user has no right to see them. */
async function readSettings(admin: KafkaAdmin, topic: string): Promise<Map<string, string>> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: TOPIC_RESOURCE, name: topic }],
    });
    const entries = resources.flatMap(({ configEntries }) => configEntries);
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  } catch (cause) {
    if (brokerErrorType(cause) === 'TOPIC_AUTHORIZATION_FAILED') return new Map();
    throw cause;
  }
}

/** How a topic that somebody else made, or changed, differs from what acknowledging relies on. Exported for its tests. */
export function dangersOf(
  config: TopicConfig,
  found: {
    readonly settings: ReadonlyMap<string, string>;
    /** The fewest that a partition has. */
    readonly replicas: number;
    /** Of the cluster. */
    readonly brokers: number;
  },
): string[] {
  const value = (name: string): string => found.settings.get(name) ?? '';
  const number = (name: string): number => Number(found.settings.get(name) ?? Number.NaN);
  const insync = number('min.insync.replicas');
  const retention_ms = number('retention.ms');
  const wanted_ms = config.retention_hours * 3_600_000;
  const replicasWanted = Math.min(config.replication_factor, found.brokers);
  const dangers = [
    found.replicas < replicasWanted &&
      `a partition has ${found.replicas} replicas and not kafka.replication_factor (${config.replication_factor}): ` +
        'what was acknowledged is lost with its brokers',
    insync < Math.min(config.min_insync_replicas, found.replicas) &&
      `min.insync.replicas is ${insync} and not kafka.min_insync_replicas (${config.min_insync_replicas}): ` +
        'what was acknowledged may be on fewer brokers',
    found.replicas > 1 &&
      insync >= found.replicas &&
      `min.insync.replicas is ${insync} of ${found.replicas} replicas: nothing is acknowledged while one broker is away`,
    number('max.message.bytes') < config.message_bytes_max &&
      `max.message.bytes is ${value('max.message.bytes')}, less than kafka.message_bytes_max ` +
        `(${config.message_bytes_max}): larger batches are refused`,
    value('unclean.leader.election.enable') === 'true' &&
      'unclean.leader.election.enable is true: a broker that missed acknowledged messages may become the leader',
    value('cleanup.policy').includes('compact') &&
      `cleanup.policy is ${value('cleanup.policy')}: of several batches of one job or node all but one are removed`,
    retention_ms >= 0 &&
      retention_ms < wanted_ms &&
      `retention.ms is ${retention_ms}, less than kafka.retention_hours (${config.retention_hours}): ` +
        'what the tables did not take in by then is gone',
    number('retention.bytes') >= 0 &&
      `retention.bytes is ${value('retention.bytes')}: what the tables did not take in may be gone before its time`,
  ];
  return dangers.filter((danger) => danger !== false);
}

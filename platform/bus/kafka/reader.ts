import type { Log } from '../../log.ts';
import { type BusReader, BusRefused, type DeliveryHandler } from '../bus.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { PartitionPositions } from '../partition-positions.ts';
import { waitUntilStored } from './caught-up.ts';
import { createKafkaClient, type KafkaConsumer } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { type Connection, GroupMember } from './group-member.ts';
import { DealtPartitions, type Ownership } from './ownership.ts';
import { pause } from './pause.ts';
import type { KafkaReaderConfig } from './reader-config.ts';
import { type MutableCounts, noCounts, type ReaderCounts } from './reader-counts.ts';
import { explained } from './refusal.ts';
import { untilDone } from './retry.ts';
import { askTopicEnds, TopicEnds } from './topic-ends.ts';
import { Watchdog } from './watchdog.ts';

export interface KafkaReaderDependencies {
  readonly config: KafkaConfig;
  readonly positions: PartitionPositions;
  readonly deadLetters: DeadLetters;
  readonly log: Log;
}

export interface PartitionStats {
  readonly partition: number;
  /** Everything before it is in the tables. */
  readonly next_offset: number;
  /** Messages that are not. */
  readonly lag: number;
  /** Upper bound of the age of the oldest of them, seconds; 0 when there is none, null while it is not known. */
  readonly lag_s: number | null;
  /** When a range was last finished, ms since the epoch; null when none was under this claim. */
  readonly active_ms: number | null;
}

export interface KafkaReaderStats extends ReaderCounts {
  /** Dealt to this reader. */
  readonly assigned: number;
  /** Those of them that it has claimed. */
  readonly partitions: readonly PartitionStats[];
  /** Time since the client was last heard of, seconds. */
  readonly silent_s: number;
  /** Why the brokers could not be reached at the last try; null once they were. */
  readonly problem: string | null;
}

/**
 * Reads the partitions that the group deals to this process into one handler, exactly once with the tables: where to
 * read from is in {@link PartitionPositions}, beside the rows, and what Kafka knows of it is for its tools only. The
 * handler is called for several partitions at the same time.
 */
export class KafkaReader implements BusReader {
  /** Which keys are read here. */
  readonly ownership: Ownership;
  /** Resolves when this reader cannot go on and the process has to be started anew; never rejects. */
  readonly failed: Promise<Error>;
  readonly #deps: KafkaReaderDependencies;
  readonly #config: KafkaReaderConfig;
  readonly #log: Log;
  readonly #dealt = new DealtPartitions((partition) => this.#member?.reads(partition) ?? false);
  readonly #counts: MutableCounts = noCounts();
  readonly #stopping = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #fail: (reason: Error) => void;
  #connection: Connection | undefined;
  #problem: string | null = null;
  #member: GroupMember | undefined;
  #starting: Promise<void> | undefined;
  #watching: Promise<void> | undefined;

  constructor(deps: KafkaReaderDependencies) {
    this.#deps = deps;
    this.#config = deps.config.reader;
    this.#log = deps.log;
    this.ownership = this.#dealt;
    let fail: (reason: Error) => void = () => undefined;
    this.failed = new Promise((resolve) => {
      fail = resolve;
    });
    this.#fail = (reason) => {
      this.#watchdog.stop();
      this.#log.error('kafka reader failed; the process has to be started anew', { problem: reason.message });
      fail(reason);
    };
    this.#watchdog = new Watchdog({
      stall_timeout_s: this.#config.stall_timeout_s,
      rebalance_timeout_s: this.#config.rebalance_timeout_s,
      probe: () => this.#brokers(),
      onStall: (problem) => this.#fail(new Error(`kafka reader stalled: ${problem}`)),
      log: this.#log,
    });
  }

  run(handler: DeliveryHandler): void {
    if (this.#starting !== undefined) throw new Error('The reader has a handler already.');
    this.#starting = this.#start(handler).catch((cause: unknown) => this.#fail(this.#explained(cause)));
  }

  stats(): KafkaReaderStats {
    const partitions = (this.#member?.readers ?? []).map(
      ({ partition, next_offset, lag, lag_s, active_ms }) => {
        return { partition, next_offset, lag, lag_s, active_ms };
      },
    );
    const assigned = this.#member?.assigned ?? 0;
    return {
      ...this.#counts,
      assigned,
      partitions,
      silent_s: this.#watchdog.silent_s,
      problem: this.#problem,
    };
  }

  /**
   * Resolves when what Kafka had acknowledged before the call is in the tables, whichever reader of the group brings it
   * there. Throws when this one is stopped before.
   */
  async drained(): Promise<void> {
    const signal = this.#stopping.signal;
    while (this.#connection === undefined && !signal.aborted) await pause(CONNECTION_LOOK_S, signal);
    const connection = this.#connection;
    if (connection === undefined || signal.aborted) throw stopped();
    const { admin, ends } = connection;
    const { topic, group } = this.#deps.config;
    const committed = async (): Promise<ReadonlyMap<number, number>> => {
      const [known] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const stored = new Map((known?.partitions ?? []).map((one) => [one.partition, Number(one.offset)]));
      for (const { partition, next_offset } of this.#member?.readers ?? [])
        stored.set(partition, next_offset);
      return stored;
    };
    const isDone = await waitUntilStored(() => ends.read(), committed, {
      pauses: this.#config,
      log: this.#log,
      signal,
    });
    if (!isDone) throw stopped();
  }

  /** What is under way is waited for, up to `stop_timeout_s`; later it is delivered again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#watchdog.stop();
    const timeout = new AbortController();
    const limit = pause(this.#config.stop_timeout_s, timeout.signal).then(() => 'late' as const);
    const outcome = await Promise.race([this.#close(), limit]);
    timeout.abort();
    if (outcome === 'late')
      this.#log.warn('kafka reader was stopped with work under way; it is delivered again later');
  }

  async #close(): Promise<void> {
    await this.#starting;
    await this.#watching;
    await this.#connection?.consumer.disconnect().catch(() => undefined);
    await this.#connection?.admin.disconnect().catch(() => undefined);
    this.#member?.end(stopped());
  }

  async #start(handler: DeliveryHandler): Promise<void> {
    const { config } = this.#deps;
    const client = createKafkaClient(config, this.#log);
    const admin = client.admin();
    const consumer = client.consumer(consumerOptions(config, () => !this.#stopping.signal.aborted));
    const reached = await untilDone(
      'kafka was not reached',
      async () => {
        try {
          await admin.connect();
          const { clusterId } = await admin.describeCluster();
          await consumer.connect();
          await consumer.subscribe({ topics: [config.topic], fromBeginning: true });
          return `${clusterId}/${config.topic}`;
        } catch (cause) {
          const error = this.#explained(cause);
          this.#problem = error.message;
          throw error;
        }
      },
      this.#retrying,
    );
    if (reached === undefined) return;
    this.#problem = null;
    const ends = new TopicEnds(() => askTopicEnds(admin, config.topic));
    const connection = { admin, consumer, ends, topic: reached.value };
    this.#connection = connection;
    const { positions, deadLetters } = this.#deps;
    const member = new GroupMember({
      ...{ config, connection, handler, positions, deadLetters, log: this.#log },
      ...{ counts: this.#counts, dealt: this.#dealt, watchdog: this.#watchdog, fail: this.#fail },
      stopping: this.#stopping.signal,
    });
    this.#member = member;
    this.#listen(consumer, member);
    this.#watchdog.joining();
    this.#watchdog.start();
    this.#watching = member.watchEnds();
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // Those that wait for their turn, or rest, hold up no other.
      partitionsConsumedConcurrently: PARTITIONS_MAX,
      eachBatch: (payload) => member.eachBatch(payload),
    });
  }

  #listen(consumer: KafkaConsumer, member: GroupMember): void {
    const { events } = consumer;
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#watchdog.joined();
      member.joined(payload.memberAssignment[this.#deps.config.topic] ?? []);
    });
    consumer.on(events.REQUEST, ({ payload }) => {
      if (payload.apiKey === FIND_COORDINATOR) this.#watchdog.joining();
      else this.#watchdog.alive();
    });
    consumer.on(events.FETCH, ({ payload }) => this.#watchdog.fetched(payload.nodeId));
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      this.#watchdog.alive();
      const { partition, batchSize, firstOffset, lastOffset } = payload;
      if (batchSize === 0) member.passOver(partition, Number(firstOffset), Number(lastOffset));
    });
    consumer.on(events.CRASH, ({ payload }) => {
      const { error, restart } = payload;
      member.end(error);
      if (this.#stopping.signal.aborted) return;
      // Nothing more would ever happen, and nobody be told: the client's `run` was resolved long ago.
      if (!restart)
        return this.#fail(
          this.#explained(new Error(`kafka reader crashed: ${error.message}`, { cause: error })),
        );
      this.#counts.restarts += 1;
      this.#log.warn('kafka client broke down and begins anew', { problem: error.message });
    });
  }

  /** With what to do, where the brokers do not let it in. */
  #explained(cause: unknown): Error {
    return errorOf(explained(cause, this.#deps.config));
  }

  async #brokers(): Promise<ReadonlySet<number>> {
    const connection = this.#connection;
    if (connection === undefined) throw new Error('not connected');
    const { brokers } = await connection.admin.describeCluster();
    return new Set(brokers.map(({ nodeId }) => nodeId));
  }

  get #retrying() {
    return { config: this.#config, log: this.#log, signal: this.#stopping.signal };
  }
}

/** What the client asks before it joins, as the protocol numbers it. */
const FIND_COORDINATOR = 10;
/** More than one process will be dealt. */
const PARTITIONS_MAX = 1000;

/** How often `drained` looks whether the cluster was reached. */
const CONNECTION_LOOK_S = 0.1;

function consumerOptions(config: KafkaConfig, mayRestart: () => boolean) {
  const { reader } = config;
  return {
    groupId: config.group,
    sessionTimeout: reader.session_timeout_s * 1000,
    heartbeatInterval: reader.heartbeat_interval_s * 1000,
    rebalanceTimeout: reader.rebalance_timeout_s * 1000,
    metadataMaxAge: reader.metadata_interval_s * 1000,
    maxWaitTimeInMs: reader.fetch_wait_timeout_s * 1000,
    minBytes: reader.fetch_bytes_min,
    maxBytes: reader.fetch_bytes_max,
    // A message that is larger than what is asked for would come alone; this way it never has to.
    maxBytesPerPartition: Math.max(reader.fetch_partition_bytes_max, config.message_bytes_max),
    allowAutoTopicCreation: false,
    retry: {
      initialRetryTime: reader.retry_first_s * 1000,
      maxRetryTime: reader.retry_max_s * 1000,
      restartOnFailure: async () => mayRestart(),
    },
  };
}

function stopped(): Error {
  return new BusRefused('closed', 'The reader was stopped before everything was delivered.', {
    retryable: true,
  });
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

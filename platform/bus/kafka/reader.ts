import { setTimeout } from 'node:timers/promises';
import { Fenced } from '../../fence.ts';
import type { Log } from '../../log.ts';
import { type BusReader, BusRefused, type DeliveryHandler } from '../bus.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { PartitionPositions } from '../partition-positions.ts';
import { waitUntilStored } from './caught-up.ts';
import { createKafkaClient, type EachBatch, type KafkaAdmin, type KafkaConsumer } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { Generation, RejoinGroup } from './generation.ts';
import { endsMembership, whileBeating } from './heartbeat.ts';
import { readLogMessage } from './log-message.ts';
import { DealtPartitions, type Ownership } from './ownership.ts';
import { PartitionReader } from './partition-reader.ts';
import type { KafkaReaderConfig } from './reader-config.ts';
import { type MutableCounts, noCounts, type ReaderCounts } from './reader-counts.ts';
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
}

/** What exists once the cluster was reached. */
interface Connection {
  readonly admin: KafkaAdmin;
  readonly consumer: KafkaConsumer;
  readonly ends: TopicEnds;
  /** `<cluster id>/<topic>` */
  readonly topic: string;
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
  readonly #dealt = new DealtPartitions();
  readonly #counts: MutableCounts = noCounts();
  readonly #stopping = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #fail: (reason: Error) => void;
  #connection: Connection | undefined;
  #generation: Generation | undefined;
  #fencedInARow = 0;
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
      this.#log.error('kafka reader failed; the process has to be started anew', { problem: reason.message });
      fail(reason);
    };
    this.#watchdog = new Watchdog({
      stall_timeout_s: this.#config.stall_timeout_s,
      probe: () => this.#brokers(),
      onStall: (problem) => this.#fail(new Error(`kafka reader stalled: ${problem}`)),
      log: this.#log,
    });
  }

  run(handler: DeliveryHandler): void {
    if (this.#starting !== undefined) throw new Error('The reader has a handler already.');
    this.#starting = this.#start(handler).catch((cause: unknown) => this.#fail(errorOf(cause)));
  }

  stats(): KafkaReaderStats {
    const readers = [...(this.#generation?.readers.values() ?? [])];
    const partitions = readers.map(({ partition, next_offset, lag, lag_s, active_ms }) => {
      return { partition, next_offset, lag, lag_s, active_ms };
    });
    const assigned = this.#generation?.partitions.length ?? 0;
    return { ...this.#counts, assigned, partitions, silent_s: this.#watchdog.silent_s };
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
      for (const { partition, next_offset } of this.#generation?.readers.values() ?? [])
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
    this.#generation?.end(stopped());
  }

  async #start(handler: DeliveryHandler): Promise<void> {
    const { config } = this.#deps;
    const client = createKafkaClient(config, this.#log);
    const admin = client.admin();
    const consumer = client.consumer(consumerOptions(config, () => !this.#stopping.signal.aborted));
    const reached = await untilDone(
      'kafka was not reached',
      async () => {
        await admin.connect();
        const { clusterId } = await admin.describeCluster();
        await consumer.connect();
        await consumer.subscribe({ topics: [config.topic], fromBeginning: true });
        return `${clusterId}/${config.topic}`;
      },
      this.#retrying,
    );
    if (reached === undefined) return;
    const ends = new TopicEnds(() => askTopicEnds(admin, config.topic));
    this.#connection = { admin, consumer, ends, topic: reached.value };
    this.#listen(this.#connection, handler);
    this.#watchdog.alive();
    this.#watchdog.start();
    this.#watching = this.#watchEnds(this.#connection);
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#config.partitions_at_once,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  #listen(connection: Connection, handler: DeliveryHandler): void {
    const { consumer } = connection;
    const { events } = consumer;
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#watchdog.alive();
      this.#joined(payload.memberAssignment[this.#deps.config.topic] ?? [], connection, handler);
    });
    consumer.on(events.HEARTBEAT, () => this.#watchdog.alive());
    consumer.on(events.FETCH, ({ payload }) =>
      this.#watchdog.fetched(Number(Reflect.get(payload, 'nodeId'))),
    );
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      this.#watchdog.alive();
      const { partition, batchSize, firstOffset, lastOffset } = payload;
      if (batchSize > 0) return;
      this.#generation?.readers.get(partition)?.passOver(Number(firstOffset), Number(lastOffset));
    });
    consumer.on(events.CRASH, ({ payload }) => {
      const { error, restart } = payload;
      this.#generation?.end(error);
      this.#watchdog.forgetBrokers();
      if (this.#stopping.signal.aborted) return;
      if (!restart) return this.#fail(new Error(`kafka reader crashed: ${error.message}`, { cause: error }));
      this.#counts.restarts += 1;
      this.#log.warn('kafka client broke down and begins anew', { problem: error.message });
    });
  }

  /** Nothing is fetched of a partition before it is claimed: the position in the tables says where to begin. */
  #joined(partitions: readonly number[], connection: Connection, handler: DeliveryHandler): void {
    this.#generation?.end(new Error('partitions were dealt anew'));
    const generation = new Generation(partitions, this.#stopping.signal);
    this.#generation = generation;
    this.#counts.joins += 1;
    if (partitions.length > 0) {
      connection.consumer.pause([{ topic: this.#deps.config.topic, partitions: [...partitions] }]);
    }
    this.#log.info('kafka partitions were dealt', { partitions: partitions.join(' ') });
    void this.#deal(generation, connection);
    for (const partition of partitions) void this.#open(partition, generation, connection, handler);
  }

  async #deal(generation: Generation, { ends }: Connection): Promise<void> {
    const retrying = { ...this.#retrying, signal: generation.signal };
    const all = await untilDone('partitions of the topic not read', () => ends.read(), retrying);
    if (all !== undefined && generation === this.#generation)
      this.#dealt.deal(generation.partitions, all.value.size, generation);
  }

  async #open(
    partition: number,
    generation: Generation,
    connection: Connection,
    handler: DeliveryHandler,
  ): Promise<void> {
    const { signal } = generation;
    const { positions, deadLetters } = this.#deps;
    const { topic, ends, consumer } = connection;
    const retrying = { ...this.#retrying, signal };
    try {
      const claim = await untilDone(
        'partition not claimed',
        () => positions.claim(topic, partition),
        retrying,
      );
      if (claim === undefined) return;
      const deps = {
        ...{ positions, handler, deadLetters, topic, partition, signal },
        config: this.#config,
        counts: this.#counts,
        log: this.#log,
        ends: async () => {
          const own = (await ends.read()).get(partition);
          if (own === undefined) throw new Error(`partition ${partition} is not there`);
          return own;
        },
      };
      const reader = await PartitionReader.open(deps, claim.value);
      if (reader === undefined || signal.aborted || generation !== this.#generation) return;
      generation.readers.set(partition, reader);
      this.#goTo(reader, consumer);
      consumer.resume([{ topic: this.#deps.config.topic, partitions: [partition] }]);
      // Kafka's tools, and whoever waits for the readers, know better at once.
      await this.#tell(reader, consumer);
    } catch (cause) {
      if (!(cause instanceof Fenced)) return this.#fail(errorOf(cause));
      // Whoever claimed it in between reads it.
      this.#counts.fenced += 1;
      this.#log.warn('partition was claimed by another reader', { partition });
    }
  }

  #goTo({ partition, cursor }: PartitionReader, consumer: KafkaConsumer): void {
    consumer.seek({ topic: this.#deps.config.topic, partition, offset: String(cursor) });
  }

  async #eachBatch(payload: EachBatch): Promise<void> {
    const generation = this.#generation;
    const reader = generation?.readers.get(payload.batch.partition);
    if (generation === undefined || reader === undefined) return;
    if (generation.signal.aborted || !payload.isRunning() || payload.isStale()) return;
    await this.#watchdog.whileWorking(() =>
      whileBeating(
        () => payload.heartbeat(),
        this.#config.heartbeat_interval_s,
        (cause) => generation.end(cause),
        () => this.#take(reader, generation, payload),
      ),
    );
    // Rethrown as it came: the client joins the group anew by its type.
    if (generation === this.#generation && endsMembership(generation.reason)) throw generation.reason;
  }

  async #take(reader: PartitionReader, generation: Generation, payload: EachBatch): Promise<void> {
    const { batch } = payload;
    const first = batch.firstOffset();
    const consumer = this.#connection?.consumer;
    if (first === null || consumer === undefined) return;
    reader.high = Number(batch.highWatermark);
    const place = { topic: batch.topic, partition: batch.partition };
    const named_max = this.#config.refused_lines_named_max;
    const messages = batch.messages.map((message) => readLogMessage(message, place, named_max));
    const before = reader.next_offset;
    try {
      const goTo = await reader.take({ first: Number(first), last: Number(batch.lastOffset()), messages });
      if (generation !== this.#generation) return;
      if (goTo) this.#goTo(reader, consumer);
      else payload.resolveOffset(String(reader.cursor - 1));
      this.#fencedInARow = 0;
    } catch (cause) {
      if (!(cause instanceof Fenced)) throw cause;
      await this.#giveUp(reader, generation, cause);
      return;
    }
    if (reader.next_offset !== before) await this.#commit(reader, generation, payload);
  }

  /** Another process claimed it: this one takes its hands off and has itself dealt partitions anew. */
  async #giveUp({ partition }: PartitionReader, generation: Generation, cause: Fenced): Promise<void> {
    if (generation !== this.#generation) return;
    generation.readers.delete(partition);
    this.#counts.fenced += 1;
    this.#fencedInARow += 1;
    const { retry_first_s, retry_max_s } = this.#config;
    const pause_s = Math.min(retry_first_s * 2 ** (this.#fencedInARow - 1), retry_max_s);
    this.#log.warn('partition was claimed by another reader; this one joins the group anew', {
      partition,
      problem: cause.message,
      in_s: pause_s,
    });
    await pause(pause_s, generation.signal);
    generation.end(new RejoinGroup(cause.message));
  }

  /** For the tools that show lag. Not by the consumer's own method, whose errors would end it for good when rethrown. */
  async #commit(reader: PartitionReader, generation: Generation, payload: EachBatch): Promise<void> {
    const { partition, next_offset } = reader;
    const partitions = [{ partition, offset: String(next_offset) }];
    try {
      await payload.commitOffsetsIfNecessary({ topics: [{ topic: payload.batch.topic, partitions }] });
      reader.committed_offset = next_offset;
    } catch (cause) {
      if (endsMembership(cause)) generation.end(cause);
      this.#noteFailedCommit(cause, partition);
    }
  }

  #noteFailedCommit(cause: unknown, partition: number): void {
    this.#counts.failed_commits += 1;
    this.#log.warn('kafka was not told how far a partition is read', {
      partition,
      problem: errorOf(cause).message,
    });
  }

  /** Lag of partitions that nothing comes from, and the commits that failed. */
  async #watchEnds({ ends, consumer }: Connection): Promise<void> {
    const { signal } = this.#stopping;
    while (await pause(this.#config.offsets_interval_s, signal)) {
      const generation = this.#generation;
      const all = await ends.read().catch(() => undefined);
      if (generation === undefined || generation !== this.#generation || all === undefined) continue;
      this.#dealt.deal(generation.partitions, all.size, generation);
      for (const reader of generation.readers.values()) {
        reader.high = all.get(reader.partition)?.high ?? 0;
        if (reader.committed_offset !== reader.next_offset) await this.#tell(reader, consumer);
      }
    }
  }

  /** Outside of a batch, where nothing is rethrown. */
  async #tell(reader: PartitionReader, consumer: KafkaConsumer): Promise<void> {
    const { partition, next_offset } = reader;
    const position = { topic: this.#deps.config.topic, partition, offset: String(next_offset) };
    try {
      await consumer.commitOffsets([position]);
      reader.committed_offset = next_offset;
    } catch (cause) {
      this.#noteFailedCommit(cause, partition);
    }
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

/** False when the signal ended it. */
async function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(seconds * 1000, true, { signal }).catch(() => false);
}

function stopped(): Error {
  return new BusRefused('closed', 'The reader was stopped before everything was delivered.', {
    retryable: true,
  });
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

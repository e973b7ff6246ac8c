import { Fenced } from '../../fence.ts';
import type { Log } from '../../log.ts';
import { Turns } from '../../turns.ts';
import type { DeliveryHandler } from '../bus.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { PartitionPositions } from '../partition-positions.ts';
import type { EachBatch, KafkaAdmin, KafkaConsumer } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { Generation, RejoinGroup } from './generation.ts';
import { endsMembership, whileBeating } from './heartbeat.ts';
import { readLogMessage } from './log-message.ts';
import type { DealtPartitions } from './ownership.ts';
import { PartitionReader } from './partition-reader.ts';
import { pause } from './pause.ts';
import type { KafkaReaderConfig } from './reader-config.ts';
import type { MutableCounts } from './reader-counts.ts';
import { untilDone } from './retry.ts';
import type { TopicEnds } from './topic-ends.ts';
import type { Watchdog } from './watchdog.ts';

/** What exists once the cluster was reached. */
export interface Connection {
  readonly admin: KafkaAdmin;
  readonly consumer: KafkaConsumer;
  readonly ends: TopicEnds;
  /** `<cluster id>/<topic>` */
  readonly topic: string;
}

export interface GroupMemberDependencies {
  readonly config: KafkaConfig;
  readonly connection: Connection;
  readonly handler: DeliveryHandler;
  readonly positions: PartitionPositions;
  readonly deadLetters: DeadLetters;
  readonly counts: MutableCounts;
  readonly dealt: DealtPartitions;
  readonly watchdog: Watchdog;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** The reader cannot go on. */
  readonly fail: (reason: Error) => void;
}

/**
 * A member of the consumer group: claims what it is dealt, brings what is fetched of it to the tables, and gives it up
 * when the group, or another claim, says so.
 */
export class GroupMember {
  readonly #deps: GroupMemberDependencies;
  readonly #config: KafkaReaderConfig;
  readonly #consumer: KafkaConsumer;
  readonly #topic: string;
  readonly #counts: MutableCounts;
  readonly #log: Log;
  #generation: Generation | undefined;
  #fencedInARow = 0;
  readonly #turns: Turns;
  /** Of each partition the last opening: a claim that came late would turn the next one's work away. */
  readonly #opening = new Map<number, Promise<void>>();
  /** Of each partition the last reader, whose work ends where it came to. */
  readonly #latest = new Map<number, PartitionReader>();

  constructor(deps: GroupMemberDependencies) {
    this.#deps = deps;
    this.#config = deps.config.reader;
    this.#turns = new Turns(this.#config.partitions_at_once);
    this.#consumer = deps.connection.consumer;
    this.#topic = deps.config.topic;
    this.#counts = deps.counts;
    this.#log = deps.log;
  }

  /** Partitions that were dealt to it. */
  get assigned(): number {
    return this.#generation?.partitions.length ?? 0;
  }

  /** Those of them that it has claimed. */
  get readers(): readonly PartitionReader[] {
    return [...(this.#generation?.readers.values() ?? [])];
  }

  reads(partition: number): boolean {
    const generation = this.#generation;
    return generation !== undefined && !generation.signal.aborted && generation.readers.has(partition);
  }

  /** What it was dealt is no longer its own. */
  end(reason: Error): void {
    this.#generation?.end(reason);
  }

  /** The client read records and keeps them to itself. */
  passOver(partition: number, first: number, last: number): void {
    this.#generation?.readers.get(partition)?.passOver(first, last);
  }

  /** Nothing is fetched of a partition before it is claimed: the position in the tables says where to begin. */
  joined(partitions: readonly number[]): void {
    this.end(new Error('partitions were dealt anew'));
    const generation = new Generation(partitions, this.#deps.stopping);
    this.#generation = generation;
    this.#counts.joins += 1;
    if (partitions.length > 0) {
      this.#consumer.pause([{ topic: this.#topic, partitions: [...partitions] }]);
    }
    this.#log.info('kafka partitions were dealt', { partitions: partitions.join(' ') });
    void this.#deal(generation);
    for (const partition of partitions) {
      const before = this.#opening.get(partition) ?? Promise.resolve();
      const opened = before.then(() => this.#keepOpen(partition, generation));
      this.#opening.set(partition, opened);
    }
  }

  async #deal(generation: Generation): Promise<void> {
    const retrying = { ...this.#retrying, signal: generation.signal };
    const all = await untilDone(
      'partitions of the topic not read',
      () => this.#deps.connection.ends.read(),
      retrying,
    );
    if (all !== undefined && generation === this.#generation)
      this.#deps.dealt.deal(generation.partitions, all.value.size, generation);
  }

  /** Until it is open: somebody who claims it in between and does not read it must not keep it. */
  async #keepOpen(partition: number, generation: Generation): Promise<void> {
    const { retry_first_s, retry_max_s } = this.#config;
    for (
      let pause_s = retry_first_s;
      !generation.signal.aborted;
      pause_s = Math.min(pause_s * 2, retry_max_s)
    ) {
      try {
        return await this.#open(partition, generation);
      } catch (cause) {
        if (!(cause instanceof Fenced)) return this.#deps.fail(errorOf(cause));
        this.#counts.fenced += 1;
        this.#log.warn('partition was claimed by another reader', { partition, again_in_s: pause_s });
        await pause(pause_s, generation.signal);
      }
    }
  }

  async #open(partition: number, generation: Generation): Promise<void> {
    const { signal } = generation;
    const { positions, handler, deadLetters, connection } = this.#deps;
    const { topic, ends } = connection;
    const onFailure = () => {
      this.#counts.failed_positions += 1;
    };
    const retrying = { ...this.#retrying, signal, onFailure };
    const claim = await untilDone('partition not claimed', () => positions.claim(topic, partition), retrying);
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
    const hasNews = this.#latest.get(partition)?.next_offset !== claim.value.position.next_offset;
    this.#latest.set(partition, reader);
    this.#deps.dealt.claimed(partition, hasNews);
    if (!this.#goTo(reader)) return;
    this.#consumer.resume([{ topic: this.#topic, partitions: [partition] }]);
    // Kafka's tools, and whoever waits for the readers, know better at once.
    await this.#tell(reader);
  }

  /** False when the client is about to begin anew: partitions will be dealt again. */
  #goTo({ partition, cursor }: PartitionReader): boolean {
    try {
      this.#consumer.seek({ topic: this.#topic, partition, offset: String(cursor) });
      return true;
    } catch (cause) {
      this.#log.warn('kafka client was not told where to read', {
        partition,
        problem: errorOf(cause).message,
      });
      return false;
    }
  }

  async eachBatch(payload: EachBatch): Promise<void> {
    const generation = this.#generation;
    const reader = generation?.readers.get(payload.batch.partition);
    if (generation === undefined || reader === undefined) return;
    if (generation.signal.aborted || !payload.isRunning() || payload.isStale()) return;
    await this.#deps.watchdog.whileWorking(() =>
      whileBeating(
        () => payload.heartbeat(),
        this.#config.heartbeat_interval_s,
        (cause) => generation.end(cause),
        async () => {
          const began_ms = performance.now();
          const rows = await this.#turns.take(() => this.#take(reader, generation, payload));
          await this.#rest(reader, generation, rows, (performance.now() - began_ms) / 1000);
        },
      ),
    );
    // Rethrown as it came: the client joins the group anew by its type.
    if (generation === this.#generation && endsMembership(generation.reason)) throw generation.reason;
  }

  /** What comes meanwhile goes together. */
  async #rest({ lag }: PartitionReader, { signal }: Generation, rows: number, took_s: number): Promise<void> {
    const { rest_rows, rest_factor_max, rest_max_s } = this.#config;
    if (lag > 0) return;
    const factor = Math.min(Math.max(1, rows / rest_rows), rest_factor_max);
    await pause(Math.min(factor * took_s, rest_max_s), signal);
  }

  /** Rows of what was fetched. */
  async #take(reader: PartitionReader, generation: Generation, payload: EachBatch): Promise<number> {
    const { batch } = payload;
    const first = batch.firstOffset();
    if (first === null) return 0;
    reader.high = Number(batch.highWatermark);
    const place = { topic: batch.topic, partition: batch.partition };
    const named_max = this.#config.refused_lines_named_max;
    const messages = batch.messages.flatMap((message) => readLogMessage(message, place, named_max));
    const rows = messages.reduce((sum, message) => sum + message.rows, 0);
    const before = reader.next_offset;
    try {
      const goTo = await reader.take({ first: Number(first), last: Number(batch.lastOffset()), messages });
      if (generation !== this.#generation) return rows;
      if (goTo) this.#goTo(reader);
      else payload.resolveOffset(String(reader.cursor - 1));
      this.#fencedInARow = 0;
    } catch (cause) {
      if (!(cause instanceof Fenced)) throw cause;
      await this.#giveUp(reader, generation, cause);
      return rows;
    }
    if (reader.next_offset !== before) await this.#commit(reader, generation, payload);
    return rows;
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

  /** Lag of partitions that nothing comes from, and the commits that failed; until the reader stops. */
  async watchEnds(): Promise<void> {
    const { stopping, connection, dealt } = this.#deps;
    while (await pause(this.#config.offsets_interval_s, stopping)) {
      const generation = this.#generation;
      const all = await connection.ends.read().catch(() => undefined);
      if (generation === undefined || generation !== this.#generation || all === undefined) continue;
      dealt.deal(generation.partitions, all.size, generation);
      for (const reader of generation.readers.values()) {
        reader.high = all.get(reader.partition)?.high ?? 0;
        if (reader.committed_offset !== reader.next_offset) await this.#tell(reader);
      }
    }
  }

  /** Outside of a batch, where nothing is rethrown. */
  async #tell(reader: PartitionReader): Promise<void> {
    const { partition, next_offset } = reader;
    const position = { topic: this.#topic, partition, offset: String(next_offset) };
    try {
      await this.#consumer.commitOffsets([position]);
      reader.committed_offset = next_offset;
    } catch (cause) {
      this.#noteFailedCommit(cause, partition);
    }
  }

  get #retrying() {
    return { config: this.#config, log: this.#log, signal: this.#deps.stopping };
  }
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { type Batch, BusRefused, type BusWriter } from '../bus.ts';
import type { KafkaClient } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { Lane, type LaneEntry } from './lane.ts';
import { encodeMessage, messageBytes } from './message.ts';
import { Outstanding } from './outstanding.ts';
import { cutPacks } from './pack.ts';
import { partitionOf } from './partitioner.ts';
import type { PreparedBatch } from './prepared.ts';
import { NotAcknowledged, TamedProducer } from './producer.ts';
import { explained, KafkaRefused } from './refusal.ts';
import { Sequencer } from './sequencer.ts';
import { fitMessages, tooLargeText } from './split.ts';
import { ensureTopic, type Topic } from './topic.ts';

export interface KafkaWriterOptions {
  readonly client: KafkaClient;
  readonly config: KafkaConfig;
  readonly log: Log;
}

export interface KafkaWriterStats {
  /** How many the topic has; null until it was seen for the first time. */
  readonly partitions: number | null;
  /** Calls that wait for Kafka, and the bytes of their bodies. */
  readonly outstanding: number;
  readonly outstanding_bytes: number;
  /** Since the start, as all that follow. */
  readonly requests: number;
  readonly failed_requests: number;
  /** Of the failed ones those that the client called a success. */
  readonly unfounded_successes: number;
  readonly acknowledged_batches: number;
  /** Of their bodies. */
  readonly acknowledged_bytes: number;
  /** Calls that were rejected. */
  readonly refused: number;
  /** Why the brokers do not let this process look at the topic, or write to it; null while nothing says so. */
  readonly refusal: KafkaRefused | null;
}

export interface KafkaWriter extends BusWriter {
  /** {@link prepare} and {@link send}. What is refused may still be in the topic: sent again it gets another name. */
  publish(batches: readonly Batch[]): Promise<void>;
  /**
   * Names batches, in the order of the calls; run events that are too large for one message become several. Throws
   * BusRefused `batch_too_large`.
   */
  prepare(batches: readonly Batch[]): readonly PreparedBatch[];
  /**
   * Resolves when all in-sync replicas have the batches. Of one partition they are there in the order of the calls.
   *
   * Rejects with BusRefused `unreachable` when Kafka has not acknowledged them in time, or too much waits. It is not known
   * then which of them are there. Whatever was called later and is not settled yet is rejected in the same tick, in order,
   * and so is whatever is called until the end of this turn of the event loop: so who keeps them in the order of the calls
   * and sends them again in that order, under the same names, loses and doubles nothing.
   *
   * Rejects with {@link BatchesTooLarge} when the brokers will never take some of them; the others are there by then.
   */
  send(prepared: readonly PreparedBatch[]): Promise<void>;
  /** Resolves when the topic has been seen for the first time, or the writer is closed. */
  connected(): Promise<void>;
  stats(): KafkaWriterStats;
  /** Refuses what comes later. What waits has `close_timeout_s` left, then it is refused as well. */
  close(): Promise<void>;
}

/** Begins to connect, and goes on trying; returns at once. */
export function openKafkaWriter(options: KafkaWriterOptions): KafkaWriter {
  return new OpenKafkaWriter(options);
}

class OpenKafkaWriter implements KafkaWriter {
  readonly #options: KafkaWriterOptions;
  readonly #config: KafkaConfig;
  readonly #producer: TamedProducer;
  readonly #sequencer = new Sequencer();
  /** Of batches whose partition is gone with an earlier topic of the name. */
  readonly #replaced = new Sequencer();
  readonly #lanes = new Map<number, Lane>();
  readonly #outstanding: Outstanding;
  readonly #closing = new AbortController();
  readonly #warned = new Set<string>();
  readonly #seen: Promise<void>;
  #sawTopic: () => void = () => undefined;
  #topic: Topic | undefined;
  /** What came before the topic was seen. */
  #unplaced: LaneEntry[] = [];
  /** Something was rejected in this turn of the event loop. */
  #isHolding = false;
  #lastSuccess_ms = performance.now();
  /** By the last look at the topic, and by the last request to write. */
  readonly #refusals: { look: KafkaRefused | null; request: KafkaRefused | null } = {
    look: null,
    request: null,
  };
  readonly #count = {
    requests: 0,
    failed_requests: 0,
    unfounded_successes: 0,
    acknowledged_batches: 0,
    acknowledged_bytes: 0,
    refused: 0,
  };

  constructor(options: KafkaWriterOptions) {
    const { client, config, log } = options;
    this.#options = options;
    this.#config = config;
    this.#producer = new TamedProducer(client, config.topic, config.writer.request_timeout_s, log);
    this.#outstanding = new Outstanding(config.writer.publish_timeout_s * 1000, () => this.#expire());
    this.#seen = new Promise((resolve) => {
      this.#sawTopic = resolve;
    });
    void this.#watchTopic();
  }

  async publish(batches: readonly Batch[]): Promise<void> {
    await this.send(this.prepare(batches));
  }

  prepare(batches: readonly Batch[]): readonly PreparedBatch[] {
    const partitions = this.#topic?.partitions ?? null;
    const fitting = fitMessages(batches, this.#message_bytes_max);
    return fitting.map((batch) => this.#sequencer.prepare(batch, partitions));
  }

  async send(prepared: readonly PreparedBatch[]): Promise<void> {
    if (this.#closing.signal.aborted) throw this.#refuse(closed());
    if (this.#isHolding || this.#isShutOut) throw this.#refuse(this.#late());
    if (prepared.length === 0) return;
    if (this.#isFull(prepared)) throw this.#refuse(this.#full());
    const call = this.#outstanding.add(prepared);
    for (const one of prepared) this.#place({ call, prepared: one, bytes: messageBytes(one.batch) });
    await call.done;
  }

  connected(): Promise<void> {
    return this.#seen;
  }

  stats(): KafkaWriterStats {
    return {
      partitions: this.#topic?.partitions ?? null,
      outstanding: this.#outstanding.size,
      outstanding_bytes: this.#outstanding.bytes,
      ...this.#count,
      refusal: this.#refusal,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const timeout_ms = this.#config.writer.close_timeout_s * 1000;
    await Promise.race([this.#outstanding.settled(), pause(timeout_ms, undefined, { ref: false })]);
    this.#refuseAll(closed);
    this.#outstanding.close();
    await this.#producer.close();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
    this.#sawTopic();
  }

  get #message_bytes_max(): number {
    return this.#topic?.message_bytes_max ?? this.#config.message_bytes_max;
  }

  /** One call always has room: what it holds has a limit of its own where it came in. */
  #isFull(prepared: readonly PreparedBatch[]): boolean {
    const { size, bytes } = this.#outstanding;
    const more = prepared.reduce((sum, { batch }) => sum + batch.body.length, 0);
    return size > 0 && bytes + more > this.#config.writer.buffer_bytes_max;
  }

  #place(entry: LaneEntry): void {
    if (this.#topic === undefined) {
      this.#unplaced.push(entry);
      return;
    }
    const { partitions } = this.#topic;
    const { batch, partition } = entry.prepared;
    if (partition === null) {
      this.#lane(partitionOf(batch.key, partitions)).push(entry);
    } else if (partition < partitions) {
      this.#lane(partition).push(entry);
    } else {
      const prepared = this.#replaced.prepare(batch, partitions);
      this.#lane(prepared.partition ?? 0).push({ ...entry, prepared });
    }
  }

  #lane(partition: number): Lane {
    const known = this.#lanes.get(partition);
    if (known !== undefined) return known;
    const lane = new Lane(this.#config.writer, {
      message_bytes_max: () => this.#message_bytes_max,
      send: (entries) => this.#request(partition, entries),
      tooLarge: ({ call, prepared }) =>
        this.#outstanding.refuseBatch(
          call,
          prepared.batch,
          tooLargeText(prepared.batch, this.#message_bytes_max),
        ),
    });
    this.#lanes.set(partition, lane);
    return lane;
  }

  async #request(partition: number, entries: readonly LaneEntry[]): Promise<void> {
    const now_ms = Date.now();
    const packs = cutPacks(entries, this.#config.writer.pack_bytes_max);
    this.#count.requests += 1;
    try {
      await this.#producer.send(
        partition,
        packs.map((pack) =>
          encodeMessage(
            pack.map(({ prepared }) => prepared),
            now_ms,
          ),
        ),
      );
    } catch (cause) {
      this.#count.failed_requests += 1;
      if (cause instanceof NotAcknowledged) this.#count.unfounded_successes += 1;
      this.#noteRefusal('request', cause);
      throw cause;
    }
    this.#refusals.request = null;
    this.#lastSuccess_ms = performance.now();
    this.#count.acknowledged_batches += entries.length;
    for (const { call, prepared } of entries) {
      this.#count.acknowledged_bytes += prepared.batch.body.length;
      this.#outstanding.acknowledge(call);
    }
  }

  #expire(): void {
    // A client can be stuck on connections that lead nowhere; where something gets through it is not the client.
    const { publish_timeout_s } = this.#config.writer;
    if (performance.now() - this.#lastSuccess_ms > publish_timeout_s * 1000) this.#producer.renew();
    this.#refuseAll(() => this.#late());
  }

  #refuseAll(reason: () => BusRefused): void {
    this.#outstanding.rejectAll(() => this.#refuse(reason()));
    for (const lane of this.#lanes.values()) lane.purge();
    this.#unplaced = [];
  }

  /** Who is rejected hears of it only after this turn: a call in between must not overtake it. */
  #refuse(reason: BusRefused): BusRefused {
    this.#count.refused += 1;
    if (!this.#isHolding) {
      this.#isHolding = true;
      setImmediate(() => {
        this.#isHolding = false;
      });
    }
    return reason;
  }

  #late(): BusRefused {
    const { brokers, writer } = this.#config;
    const { publish_timeout_s, refused_retry_after_s } = writer;
    const late = `Kafka (${brokers.join(', ')}) did not acknowledge within kafka.writer.publish_timeout_s (${publish_timeout_s})`;
    const options = { retryable: true, retryAfter_s: refused_retry_after_s };
    return new BusRefused('unreachable', this.#refusal?.message ?? late, options);
  }

  get #refusal(): KafkaRefused | null {
    return this.#refusals.look ?? this.#refusals.request;
  }

  /** It was never let in: what is sent would wait in vain. */
  get #isShutOut(): boolean {
    return this.#topic === undefined && this.#refusals.look !== null;
  }

  /** The error with what to do, where it says that the brokers do not let this process do its work. */
  #noteRefusal(of: 'look' | 'request', cause: unknown): unknown {
    const error = explained(cause, this.#config);
    if (error instanceof KafkaRefused && error.isFinal) {
      const isNews = error.message !== this.#refusals[of]?.message;
      this.#refusals[of] = error;
      const { code, problem, mend } = error;
      if (of === 'look' || isNews)
        this.#options.log.error('kafka does not let this process in', { code, problem, mend });
    }
    return error;
  }

  #full(): BusRefused {
    const { buffer_bytes_max, refused_retry_after_s } = this.#config.writer;
    return new BusRefused(
      'unreachable',
      `Kafka has not acknowledged kafka.writer.buffer_bytes_max (${buffer_bytes_max}) bytes yet; send again later`,
      { retryable: true, retryAfter_s: refused_retry_after_s },
    );
  }

  async #watchTopic(): Promise<void> {
    const { client, log } = this.#options;
    const { topic_interval_s, retry_max_s } = this.#config.writer;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let next_s = topic_interval_s;
      try {
        this.#see(await ensureTopic(client, this.#config, log));
      } catch (cause) {
        const error = this.#noteRefusal('look', cause);
        // Who is refused does not knock as often: an account may be locked for it.
        if (this.#topic === undefined && !this.#isShutOut) next_s = retry_max_s;
        if (this.#isShutOut) this.#refuseAll(() => this.#late());
        if (error !== this.#refusals.look)
          this.#warn(`kafka topic could not be looked at: ${error instanceof Error ? error.message : error}`);
      }
      await pause(next_s * 1000, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #see(topic: Topic): void {
    if (this.#refusals.look !== null) this.#options.log.warn('kafka lets this process in again');
    this.#refusals.look = null;
    for (const warning of topic.warnings) this.#warn(warning);
    const before = this.#topic?.partitions;
    if (before !== undefined && before !== topic.partitions) {
      this.#options.log.warn('kafka topic has another number of partitions now: keys move', {
        before,
        partitions: topic.partitions,
      });
      this.#producer.renew();
    }
    this.#topic = topic;
    const unplaced = this.#unplaced;
    this.#unplaced = [];
    for (const entry of unplaced) this.#place(entry);
    this.#sawTopic();
  }

  #warn(problem: string): void {
    if (this.#warned.has(problem)) return;
    this.#warned.add(problem);
    this.#options.log.warn('kafka topic is not as it should be', { topic: this.#config.topic, problem });
  }
}

function closed(): BusRefused {
  return new BusRefused('closed', 'The writer to Kafka is closed: the process is stopping.', {
    retryable: true,
  });
}

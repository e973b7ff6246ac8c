import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { type Batch, BusRefused, type BusWriter } from '../bus.ts';
import type { KafkaClient } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { Lane, type LaneEntry } from './lane.ts';
import { encodeMessage, messageBytes } from './message.ts';
import { Outstanding, type OutstandingCall } from './outstanding.ts';
import { partitionOf } from './partitioner.ts';
import type { PreparedBatch } from './prepared.ts';
import { NotAcknowledged, TamedProducer } from './producer.ts';
import { Sequencer } from './sequencer.ts';
import { fitMessages, tooLargeText } from './split.ts';
import { ensureTopic, type Topic } from './topic.ts';

/**
 * Takes what Kafka did not: keeps it durably, to be given to `send` later in this order. Has to be in line when it
 * returns, before the promise resolves: the next call may come in the same tick. Rejects with BusRefused when it cannot
 * keep it.
 */
export type Overflow = (prepared: readonly PreparedBatch[]) => Promise<void>;

export interface KafkaWriterOptions {
  readonly client: KafkaClient;
  readonly config: KafkaConfig;
  readonly log: Log;
  /** Without it, what Kafka does not acknowledge in time is refused. */
  readonly overflow?: Overflow;
  /** Something that overflowed in an earlier process is still to be sent. */
  readonly overflowing?: boolean;
}

export interface KafkaWriterStats {
  /** The topic has been seen. */
  readonly connected: boolean;
  readonly partitions: number | null;
  /** Publishes and sends that wait for Kafka, and the bytes of their bodies. */
  readonly outstanding: number;
  readonly outstanding_bytes: number;
  readonly requests: number;
  readonly failed_requests: number;
  /** Of the failed ones those that the client called a success. */
  readonly unfounded_successes: number;
  readonly acknowledged_batches: number;
  readonly acknowledged_bytes: number;
  /** Publishes that went to the overflow, and those that were refused for want of Kafka or of room. */
  readonly overflowed: number;
  readonly refused: number;
}

export interface KafkaWriter extends BusWriter {
  /**
   * To Kafka, or to the overflow while `overflowing`, or when Kafka does not acknowledge in time. A publish that is
   * refused may still be in the topic, in part or whole: who sends it again sends it a second time.
   */
  publish(batches: readonly Batch[]): Promise<void>;
  /**
   * Sends what overflowed, in the order in which it did; for use while `overflowing` only. Several calls may be under
   * way. When one is not acknowledged in time all of them are rejected at once (BusRefused `unreachable`), in order:
   * begin again with the first. Rejects with {@link BatchesTooLarge} when the brokers will never take some of its
   * batches; the others of the call are acknowledged by then.
   */
  send(prepared: readonly PreparedBatch[]): Promise<void>;
  /** Publishes go to the overflow, so that they do not overtake what is there. */
  readonly overflowing: boolean;
  /**
   * Publishes go to Kafka directly again. To be called when nothing that overflowed is left to be sent, in the tick in
   * which that was seen. False, and nothing changes, while a `send` or an overflow is still under way.
   */
  resume(): boolean;
  /** Resolves when the topic has been seen for the first time, or the writer is closed. */
  connected(): Promise<void>;
  stats(): KafkaWriterStats;
  /** Refuses what comes later; what waits is still sent, or overflows, or is refused in its time. */
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
  #overflowing: boolean;
  #overflowsUnderWay = 0;
  #lastSuccess_ms = performance.now();
  readonly #count = {
    requests: 0,
    failed_requests: 0,
    unfounded_successes: 0,
    acknowledged_batches: 0,
    acknowledged_bytes: 0,
    overflowed: 0,
    refused: 0,
  };

  constructor(options: KafkaWriterOptions) {
    const { client, config, log, overflowing = false } = options;
    this.#options = options;
    this.#config = config;
    this.#overflowing = overflowing;
    this.#producer = new TamedProducer(client, config.topic, config.writer.request_timeout_s, log);
    this.#outstanding = new Outstanding(config.writer.publish_timeout_s * 1000, (calls) =>
      this.#expire(calls),
    );
    this.#seen = new Promise((resolve) => {
      this.#sawTopic = resolve;
    });
    void this.#watchTopic();
  }

  // Everything up to the returned promise happens in one tick: the order of calls is the order in Kafka and overflow.
  async publish(batches: readonly Batch[]): Promise<void> {
    if (this.#closing.signal.aborted) throw closed();
    if (batches.length === 0) return;
    const fitting = fitMessages(batches, this.#message_bytes_max);
    const isFull = this.#isFull(fitting);
    if (isFull && !this.#overflowing) {
      if (this.#options.overflow === undefined) throw this.#refused('full');
      this.#divert('the buffer is full');
    }
    const partitions = this.#topic?.partitions ?? null;
    const prepared = fitting.map((batch) => this.#sequencer.prepare(batch, partitions));
    if (this.#overflowing) return await this.#toOverflow(prepared);
    return await this.#enqueue(prepared, false);
  }

  async send(prepared: readonly PreparedBatch[]): Promise<void> {
    if (this.#closing.signal.aborted) throw closed();
    if (!this.#overflowing) throw new Error('send is for what overflowed, before resume');
    if (prepared.length === 0) return;
    return await this.#enqueue(prepared, true);
  }

  get overflowing(): boolean {
    return this.#overflowing;
  }

  resume(): boolean {
    if (this.#overflowsUnderWay > 0 || this.#outstanding.has(isSend)) return false;
    if (this.#overflowing) this.#options.log.info('batches go to Kafka directly again');
    this.#overflowing = false;
    return true;
  }

  connected(): Promise<void> {
    return this.#seen;
  }

  stats(): KafkaWriterStats {
    return {
      connected: this.#topic !== undefined,
      partitions: this.#topic?.partitions ?? null,
      outstanding: this.#outstanding.size,
      outstanding_bytes: this.#outstanding.bytes,
      ...this.#count,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#sawTopic();
    this.#outstanding.end(isSend, closed);
    if (this.#options.overflow !== undefined) {
      const { close_timeout_s } = this.#config.writer;
      await Promise.race([
        this.#outstanding.settled(),
        pause(close_timeout_s * 1000, undefined, { ref: false }),
      ]);
      if (this.#outstanding.size > 0) this.#divert('the process stops');
    }
    await this.#outstanding.settled();
    this.#outstanding.close();
    await this.#producer.close();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
  }

  get #message_bytes_max(): number {
    return this.#topic?.message_bytes_max ?? this.#config.message_bytes_max;
  }

  /** One publish always has room: it has a limit of its own where it came in. */
  #isFull(batches: readonly Batch[]): boolean {
    const { size, bytes } = this.#outstanding;
    const more = batches.reduce((sum, { body }) => sum + body.length, 0);
    return size > 0 && bytes + more > this.#config.writer.buffer_bytes_max;
  }

  #enqueue(prepared: readonly PreparedBatch[], ofSend: boolean): Promise<void> {
    const call = this.#outstanding.add(prepared, ofSend);
    for (const one of prepared) {
      this.#place({ call, prepared: one, bytes: messageBytes(one.batch) });
    }
    return call.done;
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
    this.#count.requests += 1;
    try {
      await this.#producer.send(
        partition,
        entries.map(({ prepared }) => encodeMessage(prepared, now_ms)),
      );
    } catch (cause) {
      this.#count.failed_requests += 1;
      if (cause instanceof NotAcknowledged) this.#count.unfounded_successes += 1;
      throw cause;
    }
    this.#lastSuccess_ms = performance.now();
    this.#count.acknowledged_batches += entries.length;
    for (const { call, prepared } of entries) {
      this.#count.acknowledged_bytes += prepared.batch.body.length;
      this.#outstanding.acknowledge(call);
    }
  }

  #expire(calls: readonly OutstandingCall[]): void {
    const { publish_timeout_s } = this.#config.writer;
    // A client can be stuck on connections that lead nowhere; where something gets through it is not the client.
    if (performance.now() - this.#lastSuccess_ms > publish_timeout_s * 1000) this.#producer.renew();
    if (calls.some(isSend)) this.#outstanding.end(isSend, () => this.#refusal('late'));
    if (calls.some((call) => !isSend(call))) {
      if (this.#options.overflow !== undefined) this.#divert('Kafka did not acknowledge in time');
      else
        this.#outstanding.end(
          (call) => calls.includes(call),
          () => this.#refused('late'),
        );
    }
    this.#purge();
  }

  /** From now on publishes overflow, first those that wait: in their order, and before anything that comes later. */
  #divert(reason: string): void {
    this.#overflowing = true;
    this.#options.log.warn('batches go to the disk until Kafka takes them again', {
      reason,
      outstanding: this.#outstanding.size,
    });
    this.#outstanding.end(
      (call) => !isSend(call),
      ({ prepared }) => this.#toOverflow(prepared),
    );
    this.#purge();
  }

  async #toOverflow(prepared: readonly PreparedBatch[]): Promise<void> {
    this.#count.overflowed += 1;
    this.#overflowsUnderWay += 1;
    try {
      await this.#options.overflow?.(prepared);
    } catch (cause) {
      this.#count.refused += 1;
      throw cause;
    } finally {
      this.#overflowsUnderWay -= 1;
    }
  }

  #purge(): void {
    for (const lane of this.#lanes.values()) lane.purge();
    this.#unplaced = this.#unplaced.filter(({ call }) => !call.settled);
  }

  #refused(why: 'full' | 'late'): BusRefused {
    this.#count.refused += 1;
    return this.#refusal(why);
  }

  #refusal(why: 'full' | 'late'): BusRefused {
    const { buffer_bytes_max, publish_timeout_s, refused_retry_after_s } = this.#config.writer;
    const reason = {
      full: `Kafka has not acknowledged kafka.writer.buffer_bytes_max (${buffer_bytes_max}) bytes yet; send again later`,
      late: `Kafka (${this.#config.brokers.join(', ')}) did not acknowledge within kafka.writer.publish_timeout_s (${publish_timeout_s})`,
    }[why];
    return new BusRefused('unreachable', reason, { retryable: true, retryAfter_s: refused_retry_after_s });
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
        if (this.#topic === undefined) next_s = retry_max_s;
        this.#warn(`kafka topic could not be looked at: ${cause instanceof Error ? cause.message : cause}`);
      }
      await pause(next_s * 1000, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #see(topic: Topic): void {
    for (const warning of topic.warnings) this.#warn(warning);
    const before = this.#topic?.partitions;
    if (before !== undefined && before !== topic.partitions)
      this.#options.log.warn('kafka topic has another number of partitions now: keys move', {
        before,
        partitions: topic.partitions,
      });
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

const isSend = (call: OutstandingCall): boolean => call.isSend;

function closed(): BusRefused {
  return new BusRefused('closed', 'The writer to Kafka is closed: the process is stopping.', {
    retryable: true,
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { type Batch, BusRefused, type BusWriter, type Delivery } from './bus.ts';
import type { SpoolConfig } from './config.ts';
import type { DeadLetters } from './dead-letters.ts';
import { fromSpooled, type PreparedBatch, toSpooled } from './kafka/prepared.ts';
import { openSpool, type Spool, type SpoolStats } from './spool.ts';

/** A bus whose batches get their names before they are sent, so that a later process can send them under the same. */
export interface PreparedWriter {
  /** Names batches in the order of the calls. Throws BusRefused when one can never be sent. */
  prepare(batches: readonly Batch[]): readonly PreparedBatch[];
  /**
   * Resolves when all are durable. When it rejects it is not known which are; and nothing of their partitions that the
   * same producer prepared later has been sent, or will be by calls already made.
   */
  send(prepared: readonly PreparedBatch[]): Promise<void>;
}

export interface OutageStats {
  /** Batches go to the disk: the brokers did not take one, or what is on the disk has not been handed on yet. */
  readonly isOut: boolean;
  /** Seconds since it began; null when batches go straight to the brokers. */
  readonly out_s: number | null;
  /** Outages, batches taken in on the disk and batches handed on from there, each since the start. */
  readonly outages: number;
  readonly spooled_batches: number;
  readonly drained_batches: number;
  readonly spool: SpoolStats;
}

export interface OutageBus {
  readonly writer: BusWriter;
  stats(): OutageStats;
  /** Resolves when nothing is left on the disk and batches go straight to the brokers; also when closed before. */
  drained(): Promise<void>;
  /** What is on the disk stays there, for the next process. */
  close(): Promise<void>;
}

export interface OutageDependencies {
  readonly kafka: PreparedWriter;
  /** Where batches wait while the brokers are away. */
  readonly folder: string;
  readonly config: SpoolConfig;
  /** For batches on the disk that the brokers refuse for good. */
  readonly deadLetters: DeadLetters;
  readonly log: Log;
  readonly now_ms?: () => number;
}

/**
 * Brokers first, disk while they are away: `publish` resolves when the batches are at the brokers or synced on the disk,
 * from where they are sent on in order, under the names they have, also by a later process. Needs no broker to open.
 */
export async function openOutageBus(dependencies: OutageDependencies): Promise<OutageBus> {
  const { folder, config, log, now_ms = Date.now } = dependencies;
  const spool = await openSpool(folder, config, log, now_ms);
  const bus = new OutageWriter(spool, { ...dependencies, now_ms });
  bus.start();
  return {
    writer: bus,
    stats: () => bus.stats(),
    drained: () => bus.drained(),
    close: () => bus.close(),
  };
}

interface Outage {
  readonly since_ms: number;
  readonly over: Promise<void>;
}

/** Less than this on the disk is waited for with the doors shut, so that the order of batches stays what it is. */
const HANDOVER_BYTES = 1024 ** 2;
/** Doors stay shut for this long at most; then batches go to the disk for another while. */
const HANDOVER_MAX_MS = 2000;

class OutageWriter implements BusWriter {
  readonly #spool: Spool;
  readonly #dependencies: Required<OutageDependencies>;
  /** Settles when each publish so far is at the brokers, or in the queue of the spool behind those before it, or refused. */
  #placed: Promise<unknown> = Promise.resolve();
  /** Publishes that have their names and are not durable yet. */
  readonly #underWay = new Set<Promise<void>>();
  /** Shut while the last batches leave the disk. */
  #doors: Promise<void> | null = null;
  #outage: Outage | null = null;
  readonly #closing = new AbortController();
  #outages = 0;
  #spooled_batches = 0;
  #drained_batches = 0;

  constructor(spool: Spool, dependencies: Required<OutageDependencies>) {
    this.#spool = spool;
    this.#dependencies = dependencies;
  }

  /** What an earlier process left goes first. */
  start(): void {
    if (this.#spool.stats().waiting_bytes > 0) this.#begin('batches of an earlier process are on the disk');
    this.#spool.reader.run((delivery) => this.#handOn(delivery));
  }

  async publish(batches: readonly Batch[]): Promise<void> {
    while (this.#doors !== null) await this.#doors;
    if (this.#closing.signal.aborted) throw closed();
    if (batches.length === 0) return;
    const publishing = this.#put(this.#dependencies.kafka.prepare(batches));
    this.#underWay.add(publishing);
    try {
      await publishing;
    } finally {
      this.#underWay.delete(publishing);
    }
  }

  stats(): OutageStats {
    const since_ms = this.#outage?.since_ms;
    const { now_ms } = this.#dependencies;
    return {
      isOut: since_ms !== undefined,
      out_s: since_ms === undefined ? null : Math.max(0, now_ms() - since_ms) / 1000,
      outages: this.#outages,
      spooled_batches: this.#spooled_batches,
      drained_batches: this.#drained_batches,
      spool: this.#spool.stats(),
    };
  }

  async drained(): Promise<void> {
    while (this.#outage !== null) await this.#outage.over;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#underWay);
    await this.#spool.close();
    await this.#outage?.over;
  }

  /** Called in the order of names; keeps that order on the disk, whatever the order in which sends fail. */
  async #put(prepared: readonly PreparedBatch[]): Promise<void> {
    const before = this.#placed;
    const place = deferred();
    this.#placed = Promise.all([before, place.promise]);
    try {
      const left = this.#outage === null ? await this.#sendAll(prepared) : prepared;
      if (left.length === 0) return;
      await before;
      const kept = this.#spool.writer.publish(left.map(toSpooled));
      place.resolve();
      await kept;
      this.#spooled_batches += left.length;
    } finally {
      place.resolve();
    }
  }

  /** Returns what the brokers did not take, in order. Throws what they refuse for good. */
  async #sendAll(prepared: readonly PreparedBatch[]): Promise<readonly PreparedBatch[]> {
    const groups = byPartition(prepared);
    const left: PreparedBatch[] = [];
    const refusals: BusRefused[] = [];
    await Promise.all(
      groups.map(async (group) => {
        try {
          await this.#dependencies.kafka.send(group);
        } catch (cause) {
          if (isForGood(cause)) refusals.push(cause);
          else this.#begin(cause instanceof Error ? cause.message : String(cause));
          left.push(...group);
        }
      }),
    );
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
    return prepared.filter((one) => left.includes(one));
  }

  #begin(problem: string): void {
    if (this.#outage !== null) return;
    this.#outages += 1;
    this.#dependencies.log.warn('batches go to the disk until the brokers have taken what is there', {
      problem,
    });
    this.#outage = { since_ms: this.#dependencies.now_ms(), over: this.#comeBack() };
  }

  /** Tries now and then, for nothing else asks whether the brokers are back when the disk takes nothing in either. */
  async #comeBack(): Promise<void> {
    const { retry_first_s, retry_max_s } = this.#dependencies.config;
    try {
      for (let pause_s = retry_first_s; ; pause_s = Math.min(pause_s * 2, retry_max_s)) {
        await sleep(pause_s * 1000, undefined, { signal: this.#closing.signal });
        await this.#spool.reader.drained();
        if (this.#spool.stats().waiting_bytes <= HANDOVER_BYTES && (await this.#handOver())) return;
      }
    } catch {
      // Closed: what is on the disk is the next process's.
      this.#outage = null;
    }
  }

  /** With the doors shut until nothing is under way and the disk is empty; false when that took too long. */
  async #handOver(): Promise<boolean> {
    const doors = deferred();
    this.#doors = doors.promise;
    const limit = new AbortController();
    try {
      await Promise.race([this.#quiet(), sleep(HANDOVER_MAX_MS, undefined, { signal: limit.signal })]);
      if (this.#underWay.size > 0 || this.#spool.stats().waiting_bytes > 0) return false;
      this.#outage = null;
      this.#dependencies.log.warn('batches go straight to the brokers again');
      return true;
    } finally {
      limit.abort();
      this.#doors = null;
      doors.resolve();
    }
  }

  async #quiet(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#spool.reader.drained();
  }

  async #handOn({ token, batches }: Delivery): Promise<void> {
    // Batches of a spool of embedded mode have no names yet: the delivery's, which stays the same, gives them one.
    const prepared = batches.map(
      (batch, at) => fromSpooled(batch) ?? { batch, partition: null, producer: token, sequence: at + 1 },
    );
    try {
      await this.#dependencies.kafka.send(prepared);
    } catch (cause) {
      if (!isForGood(cause)) throw cause;
      for (const one of prepared) await this.#handOnAlone(one);
    }
    this.#drained_batches += batches.length;
  }

  /** One that is refused for good holds up neither those beside it nor those behind. */
  async #handOnAlone(prepared: PreparedBatch): Promise<void> {
    try {
      await this.#dependencies.kafka.send([prepared]);
    } catch (cause) {
      if (!isForGood(cause)) throw cause;
      const { id, kind, key } = prepared.batch;
      await this.#dependencies.deadLetters.put(prepared.batch, cause.message);
      this.#dependencies.log.error('batch put aside', { batch: id, kind, key, reason: cause.message });
    }
  }
}

function byPartition(prepared: readonly PreparedBatch[]): PreparedBatch[][] {
  const groups = new Map<number | null, PreparedBatch[]>();
  for (const one of prepared) {
    const group = groups.get(one.partition);
    if (group === undefined) groups.set(one.partition, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function isForGood(cause: unknown): cause is BusRefused {
  return cause instanceof BusRefused && !cause.retryable;
}

function closed(): BusRefused {
  return new BusRefused('closed', 'The bus is closed: the process is stopping.', { retryable: true });
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

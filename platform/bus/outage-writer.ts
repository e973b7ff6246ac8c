import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { type Batch, BusRefused, type BusWriter, type Delivery } from './bus.ts';
import type { SpoolConfig } from './config.ts';
import type { DeadLetterReason, DeadLetters } from './dead-letters.ts';
import { BatchesTooLarge } from './kafka/outstanding.ts';
import { fromSpooled, type PreparedBatch, toSpooled } from './kafka/prepared.ts';
import { unplacedProducer } from './kafka/sequencer.ts';
import { openSpool, type Spool, type SpoolStats } from './spool.ts';

/** A bus whose batches get their names before they are sent, so that a later process can send them under the same. */
export interface PreparedWriter {
  /** Names batches in the order of the calls. Throws BusRefused when one can never be sent. */
  prepare(batches: readonly Batch[]): readonly PreparedBatch[];
  /**
   * Resolves when all are durable. When it rejects some may be; but a partition never has one without all before it that
   * the same producer named, not by calls already made nor by those made until whoever called hears of it. Rejects with
   * BatchesTooLarge when the brokers will never take some; the others are durable by then.
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
  /** Whether what was published before the call is durable, or refused, within the time. */
  settled(limit_s: number): Promise<boolean>;
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
    settled: (limit_s) => bus.settled(limit_s),
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

const DAY_MS = 86_400_000;

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

  async settled(limit_s: number): Promise<boolean> {
    const limit = new AbortController();
    const late = sleep(limit_s * 1000, false, { signal: limit.signal }).catch(() => false);
    const settled = Promise.allSettled(this.#underWay).then(() => true);
    const isSettled = await Promise.race([settled, late]);
    limit.abort();
    return isSettled;
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
      if (this.#outage === null && (await this.#isSent(prepared))) return;
      await before;
      const kept = this.#spool.writer.publish(prepared.map(toSpooled));
      place.resolve();
      await kept;
      this.#spooled_batches += prepared.length;
    } finally {
      place.resolve();
    }
  }

  /** False when the brokers may not have all of them. Throws what they refuse for good. */
  async #isSent(prepared: readonly PreparedBatch[]): Promise<boolean> {
    try {
      await this.#dependencies.kafka.send(prepared);
      return true;
    } catch (cause) {
      if (cause instanceof BusRefused && !cause.retryable) throw cause;
      this.#begin(cause instanceof Error ? cause.message : String(cause));
      return false;
    }
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
    const drained = this.#drained_batches;
    try {
      for (let pause_s = retry_first_s; ; pause_s = Math.min(pause_s * 2, retry_max_s)) {
        await sleep(pause_s * 1000, undefined, { signal: this.#closing.signal });
        await this.#spool.reader.drained();
        // Nothing was on the disk yet, but is about to be: doors shut now would stay shut in vain.
        if (this.#drained_batches === drained && this.#underWay.size > 0) continue;
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

  async #handOn(delivery: Delivery): Promise<void> {
    const prepared = await this.#withoutOld(delivery);
    try {
      await this.#dependencies.kafka.send(prepared);
    } catch (cause) {
      if (!(cause instanceof BatchesTooLarge)) throw cause;
      for (const batch of cause.batches)
        await this.#putAside(batch, { code: 'too_large', text: cause.message });
    }
    this.#drained_batches += delivery.batches.length;
  }

  /** As they are to be sent; what waited for so long that it may be stored twice is put aside. */
  async #withoutOld({ token, batches, spooled_at_ms }: Delivery): Promise<readonly PreparedBatch[]> {
    const { config, now_ms } = this.#dependencies;
    // Batches of a spool of embedded mode have no names yet: the delivery's, which stays the same, gives them one.
    const producer = unplacedProducer(token);
    const oldest_ms = now_ms() - config.age_max_days * DAY_MS;
    const young: PreparedBatch[] = [];
    for (const [at, batch] of batches.entries()) {
      const named = fromSpooled(batch) ?? { batch, partition: null, producer, sequence: at + 1 };
      const since_ms = spooled_at_ms?.[at] ?? oldest_ms;
      if (since_ms >= oldest_ms) young.push(named);
      else
        await this.#putAside(named.batch, {
          code: 'too_old',
          text:
            `waited for Kafka since ${new Date(since_ms).toISOString()}, longer than spool.age_max_days ` +
            `(${config.age_max_days}): it may be stored already`,
        });
    }
    return young;
  }

  /** It was acknowledged, so it is kept; and it must not hold up what is behind it. */
  async #putAside(batch: Batch, reason: DeadLetterReason): Promise<void> {
    await this.#dependencies.deadLetters.put(batch, reason);
    const { id, kind, key } = batch;
    this.#dependencies.log.error('batch put aside', { batch: id, kind, key, reason: reason.text });
  }
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

import type { Fence } from '../../fence.ts';
import type { Log } from '../../log.ts';
import type { DeliveryHandler } from '../bus.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { OffsetRange, PartitionClaim, PartitionPositions } from '../partition-positions.ts';
import { withoutCopies } from './copies.ts';
import { type LogMessage, RESERVED_NAME } from './log-message.ts';
import { isOtherLog, type LogEnds, type LogStart, logStart } from './log-start.ts';
import { pause } from './pause.ts';
import { cutRanges } from './range.ts';
import type { KafkaReaderConfig } from './reader-config.ts';
import type { MutableCounts } from './reader-counts.ts';
import { type Trying, untilDone } from './retry.ts';

/** What one fetch gave of a partition. */
export interface Fetched {
  /** Offsets of its first and last record, records of transactions included. */
  readonly first: number;
  readonly last: number;
  readonly messages: readonly LogMessage[];
}

export interface PartitionDependencies {
  readonly positions: PartitionPositions;
  readonly handler: DeliveryHandler;
  readonly deadLetters: DeadLetters;
  readonly config: KafkaReaderConfig;
  readonly counts: MutableCounts;
  readonly log: Log;
  /** `<cluster id>/<topic>`: what the positions call the topic, and how every token begins. */
  readonly topic: string;
  readonly partition: number;
  /** Asks the brokers anew. */
  readonly ends: () => Promise<LogEnds>;
  /** Aborted when the partition may be another's: nothing more is begun, nothing is tried again. */
  readonly signal: AbortSignal;
}

/** Kept with the sequences of producers: all of them only ever rise. */
const WRITTEN_MAX = `${RESERVED_NAME}written_max_ms`;
const INCARNATION = `${RESERVED_NAME}incarnation`;

/**
 * One partition under one claim: what was fetched becomes ranges, each written down as begun, delivered, and written
 * down as finished, which is where the next ones begin. Throws Fenced when somebody claimed the partition after this one.
 */
export class PartitionReader {
  readonly #deps: PartitionDependencies;
  readonly #fence: Fence;
  readonly #sequences: Map<string, number>;
  #start: LogStart;
  /** What is before it may be in the tables: an earlier claim had begun it. */
  #doubt_to: number;
  /** What is before it may be handed out: the positions say that it is begun. */
  #begun_to: number;
  /** Everything before it is in the tables. */
  #next: number;
  /** Where the next fetch has to begin. */
  #cursor: number;
  /** A hole in the log that was looked into. */
  #hole: number | null = null;
  #high: number;
  #active_ms: number | null = null;
  /** When nothing was known to be left to read. */
  #caughtUp_ms: number | null = null;

  /** What Kafka was told of `next_offset`. */
  committed_offset: number | null = null;

  private constructor(deps: PartitionDependencies, { fence, position }: PartitionClaim, ends: LogEnds) {
    this.#deps = deps;
    this.#fence = fence;
    this.#sequences = new Map(position.sequences);
    this.#doubt_to = position.begun?.to ?? 0;
    this.#begun_to = this.#doubt_to;
    this.#high = ends.high;
    const { next_offset, begun } = position;
    const written_max_ms = this.#writtenMax_ms;
    this.#start = logStart({ next_offset, begun, written_max_ms }, ends);
    this.#next = begun?.from ?? next_offset ?? this.#start.resume;
    this.#cursor = this.#start.check ?? this.#start.resume;
    if (this.#start.lost > 0) this.#noteLost(this.#next, ends);
  }

  get partition(): number {
    return this.#deps.partition;
  }

  /** Everything before it is in the tables. */
  get next_offset(): number {
    return this.#next;
  }

  /** Where fetching has to begin. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Messages that are not in the tables yet, as far as the brokers told. */
  get lag(): number {
    return Math.max(0, this.#high - this.#next);
  }

  /**
   * Upper bound of the age of the oldest message that is not in the tables, seconds; null while nothing is known: before
   * the first message of a partition that holds some.
   */
  get lag_s(): number | null {
    if (this.lag === 0) return 0;
    const since_ms = Math.max(this.#caughtUp_ms ?? 0, this.#writtenMax_ms ?? 0);
    return since_ms === 0 ? null : Math.max(0, Date.now() - since_ms) / 1000;
  }

  /** When a range was last finished, ms since the epoch; null before the first. */
  get active_ms(): number | null {
    return this.#active_ms;
  }

  set high(offset: number) {
    this.#high = Math.max(this.#high, offset);
    if (this.lag === 0) this.#caughtUp_ms = Date.now();
  }

  /** Asks for the ends of the log, after the claim; undefined when the signal ended it. Throws Fenced. */
  static async open(
    deps: PartitionDependencies,
    claim: PartitionClaim,
  ): Promise<PartitionReader | undefined> {
    const ends = await endsOf(deps, claim.position.next_offset ?? 0);
    if (ends === undefined) return undefined;
    const reader = new PartitionReader(deps, claim, ends);
    await reader.#open();
    return reader;
  }

  /** What can be done before the first message. */
  async #open(): Promise<void> {
    const { check, resume, isShort } = this.#start;
    if (isShort && check === null) await this.#restart(resume, 'the log ends before what was read of it');
  }

  /** Records that the client read and keeps to itself, such as the ends of transactions. */
  passOver(first: number, last: number): void {
    if (first > this.#cursor || last < this.#cursor) return;
    if (this.#next === this.#cursor) this.#next = last + 1;
    this.#cursor = last + 1;
  }

  /** Takes what was fetched; true when fetching has to go on at the cursor and not behind it. */
  async take(fetched: Fetched): Promise<boolean> {
    if (await this.#isMisplaced(fetched)) return true;
    if (!(await this.#isSameLog(fetched))) return true;
    const messages = fetched.messages.filter(({ offset }) => offset >= this.#cursor);
    for (const cut of cutRanges(messages, this.#next, this.#deps.config)) {
      if (!(await this.#deliver(cut.range, cut.messages))) return false;
    }
    // Behind the last message there may be records that the client keeps to itself.
    this.#next = fetched.last + 1;
    this.#cursor = this.#next;
    return false;
  }

  /** Whether the messages are not those that come next. */
  async #isMisplaced({ first, last }: Fetched): Promise<boolean> {
    if (first <= this.#cursor && last >= this.#cursor) return false;
    const ends = await endsOf(this.#deps, this.#cursor);
    if (ends === undefined) return true;
    if (ends.high < this.#cursor) {
      await this.#restart(ends.low, 'the log ends before what was read of it');
      return true;
    }
    if (ends.low > this.#cursor) {
      this.#noteLost(this.#cursor, ends);
      this.#cursor = ends.low;
      return first > this.#cursor || last < this.#cursor;
    }
    if (first > this.#cursor && this.#hole === this.#cursor) {
      // Read twice, and nothing is there: a log that was compacted.
      this.#cursor = first;
      return false;
    }
    this.#hole = this.#cursor;
    return true;
  }

  /** Looks at the message before the first new one; false when reading has to begin elsewhere. */
  async #isSameLog({ messages }: Fetched): Promise<boolean> {
    const { check, resume, isShort } = this.#start;
    if (check === null) return true;
    const known = messages.find(({ offset }) => offset === check);
    this.#start = { ...this.#start, check: null };
    if (known !== undefined && isOtherLog(known.written_ms, this.#writtenMax_ms)) {
      const ends = await endsOf(this.#deps, 0);
      if (ends !== undefined) await this.#restart(ends.low, 'the topic was made anew');
      return false;
    }
    if (isShort) {
      await this.#restart(resume, 'the log lost its end');
      return false;
    }
    this.#cursor = resume;
    return true;
  }

  /** The offsets will be counted anew, so tokens have to differ from now on. */
  async #restart(at: number, why: string): Promise<void> {
    const { positions, log, partition, counts } = this.#deps;
    const incarnation = this.#incarnation + 1;
    const range = { from: at, to: at };
    // What was lost of the old log and is sent again may be anywhere in this one: as many are compared as were begun.
    const doubt = Math.max(0, this.#doubt_to - this.#next);
    const done = await untilDone(
      'a new log was not written down',
      async () => {
        await positions.begin(this.#fence, range);
        await positions.finish(this.#fence, range, new Map([[INCARNATION, incarnation]]), doubt);
      },
      this.#writing,
    );
    if (done === undefined) return;
    counts.changed_logs += 1;
    log.error('the log of a partition is not the one that was read; what was not read of that one is lost', {
      why,
      partition,
      read_to: this.#next,
      begins_at: at,
      incarnation,
    });
    this.#sequences.set(INCARNATION, incarnation);
    this.#doubt_to = at + doubt;
    this.#begun_to = this.#doubt_to;
    this.#next = at;
    this.#cursor = at;
  }

  /** False when it was given up. */
  async #deliver(range: OffsetRange, messages: readonly LogMessage[]): Promise<boolean> {
    const { positions, counts, signal } = this.#deps;
    if (signal.aborted) return false;
    const kept = withoutCopies(messages, this.#sequences, ({ numbered }) => numbered);
    if (!(await this.#begin(range))) return false;
    const again = range.from < this.#doubt_to;
    if (again) counts.repeated_ranges += 1;
    const handled = await untilDone(
      'delivery failed',
      (attempt) => this.#hand(range, kept.messages, attempt, again || attempt > 1),
      this.#deps,
    );
    if (handled === undefined) return false;
    const written_max_ms = messages.reduce((max, one) => Math.max(max, one.written_ms), 0);
    const sequences = new Map(kept.sequences);
    sequences.set(WRITTEN_MAX, Math.max(written_max_ms, this.#writtenMax_ms ?? 0));
    const ahead = Math.max(
      this.#deps.config.begun_ahead_min,
      2 * (range.to - range.from),
      // Doubt ends with a delivery, not with a claim.
      this.#doubt_to - range.to,
    );
    const finished = await untilDone(
      'a range that is stored was not written down',
      () => positions.finish(this.#fence, range, sequences, ahead),
      this.#writing,
    );
    if (finished === undefined) return false;
    this.#begun_to = range.to + ahead;
    for (const [producer, sequence] of sequences) this.#sequences.set(producer, sequence);
    this.#next = range.to;
    this.#active_ms = Date.now();
    if (this.lag === 0) this.#caughtUp_ms = this.#active_ms;
    counts.messages += new Set(messages.map(({ offset }) => offset)).size;
    counts.copies += kept.copies;
    counts.skipped_sequences += kept.skipped;
    counts.foreign_messages += messages.filter(({ isForeign }) => isForeign).length;
    return true;
  }

  /** Before its first row a range is written down as begun, unless the step before did so. */
  async #begin({ from, to }: OffsetRange): Promise<boolean> {
    if (to <= this.#begun_to) return true;
    const { positions } = this.#deps;
    const range = { from, to: Math.max(to, this.#doubt_to) };
    const begun = await untilDone(
      'a range was not written down',
      () => positions.begin(this.#fence, range),
      this.#writing,
    );
    if (begun !== undefined) this.#begun_to = range.to;
    return begun !== undefined;
  }

  async #hand(
    range: OffsetRange,
    messages: readonly LogMessage[],
    attempt: number,
    again: boolean,
  ): Promise<void> {
    const { handler, deadLetters, counts } = this.#deps;
    try {
      const batches = messages.flatMap(({ batch }) => batch ?? []);
      const token = `${this.#logName}/${this.partition}/${range.from}-${range.to}`;
      if (batches.length > 0) await handler({ token, batches, attempt, again, fence: this.#fence });
      for (const { letter } of messages) {
        if (letter === null) continue;
        await deadLetters.put(letter.letter, letter.reason, letter.origin);
        counts.dead_letters += 1;
        counts.refused_lines += letter.origin.lines === undefined ? 0 : letter.letter.rows;
      }
    } catch (cause) {
      counts.failed_deliveries += 1;
      throw cause;
    }
  }

  #noteLost(from: number, { low, high }: LogEnds): void {
    const lost = low - from;
    this.#deps.counts.lost_messages += lost;
    this.#deps.log.error('messages were deleted by retention before they were read', {
      partition: this.partition,
      read_to: from,
      log_from: low,
      log_to: high,
      lost_messages_max: lost,
    });
  }

  get #writing(): Trying {
    const { counts } = this.#deps;
    const onFailure = () => {
      counts.failed_positions += 1;
    };
    return { ...this.#deps, onFailure };
  }

  get #logName(): string {
    return this.#incarnation === 0 ? this.#deps.topic : `${this.#deps.topic}#${this.#incarnation}`;
  }

  get #incarnation(): number {
    return this.#sequences.get(INCARNATION) ?? 0;
  }

  get #writtenMax_ms(): number | null {
    return this.#sequences.get(WRITTEN_MAX) ?? null;
  }
}

/** A broker that has just become leader may for a moment know less than the one before it. */
const SHORT_LOOKS = 4;

/** The ends of the log; looked at again when it seems to be shorter than what was read of it. */
async function endsOf(deps: PartitionDependencies, read_to: number): Promise<LogEnds | undefined> {
  let pause_s = deps.config.retry_first_s;
  for (let look = 1; ; look++) {
    const ends = await untilDone('ends of a partition not read', () => deps.ends(), deps);
    if (ends === undefined || ends.value.high >= read_to || look === SHORT_LOOKS) return ends?.value;
    await pause(pause_s, deps.signal);
    pause_s *= 2;
  }
}

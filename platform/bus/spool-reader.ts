import { setTimeout } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { type Batch, type BusReader, BusRefused, type DeliveryHandler } from './bus.ts';
import type { SpoolConfig } from './config.ts';
import { FRAME_HEAD_BYTES, type Frame, type FrameFault, readFrame } from './frame.ts';
import type { ReadPositionFile } from './read-position.ts';
import { isBefore, type Position, SEGMENT_START, type SegmentLog } from './segment-log.ts';

/** A contiguous piece of one segment, as it is handed to the tables. */
interface Range {
  readonly from: Position;
  readonly to: number;
  readonly batches: readonly Batch[];
  /** Of each batch. */
  readonly spooled_at_ms: readonly number[];
}

export interface ReaderCounts {
  /** Deliveries whose handler failed; each is tried again. */
  readonly failed_deliveries: number;
  /** Deliveries that an earlier process had begun and this one handed out again. */
  readonly repeated_deliveries: number;
  /** Bytes that did not match their checksum; kept aside, never delivered. */
  readonly damaged_bytes: number;
}

interface Drain {
  readonly target: Position;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Hands the spool to one handler, range by range, and remembers how far it came. */
export class SpoolReader implements BusReader {
  readonly #segments: SegmentLog;
  readonly #position: ReadPositionFile;
  readonly #config: SpoolConfig;
  readonly #log: Log;
  /** What lies before it may have been handed out by an earlier process. */
  readonly #againUntil: Position;
  #drains: Drain[] = [];
  #loop: Promise<void> | undefined;
  readonly #stopping = new AbortController();
  #hasNews = false;
  #wake: () => void = () => {};
  #failed_deliveries = 0;
  #repeated_deliveries = 0;
  #damaged_bytes = 0;
  #oldest_ms: number | null = null;

  constructor(
    segments: SegmentLog,
    position: ReadPositionFile,
    againUntil: Position,
    config: SpoolConfig,
    log: Log,
  ) {
    this.#segments = segments;
    this.#position = position;
    this.#againUntil = againUntil;
    this.#config = config;
    this.#log = log;
  }

  get consumed(): Position {
    return this.#position.position.consumed;
  }

  get counts(): ReaderCounts {
    return {
      failed_deliveries: this.#failed_deliveries,
      repeated_deliveries: this.#repeated_deliveries,
      damaged_bytes: this.#damaged_bytes,
    };
  }

  /** When the oldest frame that is not in the tables was published, ms since the epoch; null when all are. */
  get oldest_ms(): number | null {
    return this.#oldest_ms;
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  run(handler: DeliveryHandler): void {
    if (this.#loop !== undefined) throw new Error('The spool has a handler already.');
    this.#loop = this.#deliverAll(handler);
  }

  /** Tells the reader that frames were appended. */
  appended(now_ms: number): void {
    this.#oldest_ms ??= now_ms;
    this.#hasNews = true;
    this.#wake();
  }

  drained(): Promise<void> {
    const target = this.#segments.end;
    if (!isBefore(this.consumed, target)) return Promise.resolve();
    if (this.#isStopped) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => this.#drains.push({ target, resolve, reject }));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hasNews = true;
    this.#wake();
    await this.#loop;
    for (const { reject } of this.#drains.splice(0)) reject(stoppedError());
  }

  async #deliverAll(handler: DeliveryHandler): Promise<void> {
    while (!this.#isStopped) {
      const range = await this.#retry('spool read failed', () => this.#nextRange());
      if (range === undefined) return;
      if (range === null) await this.#idle();
      else await this.#deliver(range, handler);
    }
  }

  async #deliver(range: Range, handler: DeliveryHandler): Promise<void> {
    const { from, to, batches, spooled_at_ms } = range;
    this.#oldest_ms = spooled_at_ms[0] ?? null;
    // The range is durable before anyone sees it: after a crash the same rows come under the same token.
    if (!(await this.#save(from, to))) return;
    const token = `${this.#position.position.spool}/${from.segment}/${from.offset}-${to}`;
    const again = isBefore(from, this.#againUntil);
    if (again) this.#noteRepeated(token, batches.length);
    let attempt = 0;
    const handled = await this.#retry('delivery failed', async () => {
      attempt += 1;
      if (attempt > 1) this.#failed_deliveries += 1;
      await handler({ token, batches, spooled_at_ms, attempt, again: again || attempt > 1 });
      return true;
    });
    if (handled === undefined) return;
    await this.#advance({ segment: from.segment, offset: to });
  }

  #noteRepeated(token: string, batches: number): void {
    this.#repeated_deliveries += 1;
    this.#log.info('a delivery that an earlier process had begun is handed out again', { token, batches });
  }

  /** The next frames in order, at most `delivery_bytes_max` of them; null when everything is consumed. */
  async #nextRange(): Promise<Range | null> {
    for (;;) {
      const { consumed, handed_out_to } = this.#position.position;
      const from = this.#readable(consumed);
      if (from === null) return null;
      const isHandedOut = handed_out_to !== null && from === consumed;
      const to = isHandedOut ? handed_out_to : from.offset + this.#config.delivery_bytes_max;
      let bytes = await this.#segments.read(from, to);
      let first = readFrame(bytes, 0);
      if ('fault' in first && first.fault === 'cut') {
        bytes = await this.#segments.read(from, from.offset + first.end);
        first = readFrame(bytes, 0);
      }
      if ('batches' in first) return rangeOf(from, bytes, first);
      await this.#skipDamage(from, first);
      if (this.#isStopped) return null;
    }
  }

  /** `at`, or the start of a later segment when nothing follows in its own; null when nothing follows at all. */
  #readable(at: Position): Position | null {
    let from = at;
    for (;;) {
      const size = this.#segments.sizeOf(from.segment);
      if (size !== undefined && from.offset < size) return from;
      const next = this.#segments.segmentAfter(from.segment);
      if (next === undefined) return null;
      from = { segment: next, offset: SEGMENT_START };
    }
  }

  /** To the next frame when the length of the damaged one leads to it, else to the end of the segment. */
  async #skipDamage(from: Position, { fault, end }: FrameFault): Promise<void> {
    const size = this.#segments.sizeOf(from.segment) ?? from.offset;
    const to = fault === 'corrupt' && (await this.#isFrame(from, end)) ? from.offset + end : size;
    const kept_in = await this.#segments.keepDamaged(from, to).catch(() => null);
    this.#damaged_bytes += to - from.offset;
    this.#log.error('spool bytes were damaged and skipped', {
      segment: from.segment,
      from: from.offset,
      to,
      kept_in,
    });
    await this.#advance({ segment: from.segment, offset: to });
  }

  async #isFrame(from: Position, end: number): Promise<boolean> {
    const at = { segment: from.segment, offset: from.offset + end };
    const head = readFrame(await this.#segments.read(at, at.offset + FRAME_HEAD_BYTES), 0);
    if ('batches' in head || head.fault === 'corrupt') return false;
    return 'batches' in readFrame(await this.#segments.read(at, at.offset + head.end), 0);
  }

  /** False when the reader was stopped before the position could be saved. */
  async #save(consumed: Position, handed_out_to: number | null): Promise<boolean> {
    const saved = await this.#retry('spool position not saved', async () => {
      await this.#position.save({ consumed, handed_out_to });
      return true;
    });
    return saved === true;
  }

  async #advance(consumed: Position): Promise<void> {
    if (!(await this.#save(consumed, null))) return;
    await this.#retry('spool segment not deleted', () => this.#segments.deleteBefore(consumed));
    if (!isBefore(consumed, this.#segments.end)) this.#oldest_ms = null;
    const settled = this.#drains.filter(({ target }) => !isBefore(consumed, target));
    this.#drains = this.#drains.filter((drain) => !settled.includes(drain));
    for (const { resolve } of settled) resolve();
  }

  /** Tries until it succeeds; undefined when the reader is stopped before. */
  async #retry<T>(failure: string, work: () => Promise<T>): Promise<T | undefined> {
    const { retry_first_s, retry_max_s } = this.#config;
    for (let pause_s = retry_first_s; ; pause_s = Math.min(pause_s * 2, retry_max_s)) {
      try {
        return await work();
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        this.#log.warn(failure, { problem, retry_in_s: pause_s });
      }
      if (!(await this.#sleep(pause_s))) return undefined;
    }
  }

  /** False when the reader was stopped. */
  async #sleep(pause_s: number): Promise<boolean> {
    try {
      await setTimeout(pause_s * 1000, undefined, { signal: this.#stopping.signal });
      return true;
    } catch {
      return false;
    }
  }

  /** Until frames were appended since the last call, or the reader is stopped. */
  async #idle(): Promise<void> {
    if (!this.#hasNews) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#hasNews = false;
  }
}

function rangeOf(from: Position, bytes: Buffer, first: Frame): Range {
  const batches = [...first.batches];
  const spooled_at_ms = first.batches.map(() => first.published_at_ms);
  let end = first.end;
  for (;;) {
    const next = readFrame(bytes, end);
    // What follows was cut by the size of the delivery, or is damaged and looked at when its turn comes.
    if (!('batches' in next)) break;
    batches.push(...next.batches);
    for (const _ of next.batches) spooled_at_ms.push(next.published_at_ms);
    end = next.end;
  }
  return { from, to: from.offset + end, batches, spooled_at_ms };
}

function stoppedError(): Error {
  return new BusRefused('closed', 'The spool was stopped before everything was delivered.', {
    retryable: true,
  });
}

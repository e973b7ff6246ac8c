import { type Batch, BusRefused, type BusWriter } from './bus.ts';
import type { SpoolConfig } from './config.ts';
import { byteLength, encodeFrame } from './frame.ts';
import type { SegmentLog } from './segment-log.ts';

interface Waiting {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: BusRefused) => void;
}

interface SpoolWriterHooks {
  /** Called when frames became durable. */
  readonly appended: () => void;
  /** Bytes on disk that are consumed and go as soon as the segment they are in is finished. */
  readonly reclaimableBytes: () => number;
  /** Bytes free on the disk of the spool. */
  readonly freeBytes: () => Promise<number>;
  readonly now_ms: () => number;
}

/** How long an answer about the disk is good for. */
const FREE_CHECK_MS = 1000;

/** Group commit: what arrives while one write is being synced is written and synced together by the next. */
export class SpoolWriter implements BusWriter {
  readonly #log: SegmentLog;
  readonly #config: SpoolConfig;
  readonly #hooks: SpoolWriterHooks;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #free = { bytes: Number.POSITIVE_INFINITY, checked_ms: Number.NEGATIVE_INFINITY };
  #closed = false;

  constructor(log: SegmentLog, config: SpoolConfig, hooks: SpoolWriterHooks) {
    this.#log = log;
    this.#config = config;
    this.#hooks = hooks;
  }

  async publish(batches: readonly Batch[]): Promise<void> {
    if (this.#closed) throw closed();
    if (batches.length === 0) return;
    this.#checkSize(batches);
    this.#checkDisk();
    const parts = encodeFrame(batches, this.#hooks.now_ms());
    const bytes = byteLength(parts);
    this.#checkRoom(bytes);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ parts, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#committing ??= this.#commit();
    });
  }

  /** To be called before the first publish. */
  async open(): Promise<void> {
    await this.#lookAtDisk(this.#hooks.now_ms());
  }

  /** What is waiting is still written. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#committing;
  }

  #checkSize(batches: readonly Batch[]): void {
    const size = batches.reduce((sum, { body }) => sum + body.length, 0);
    const { publish_bytes_max } = this.#config;
    if (size <= publish_bytes_max) return;
    throw new BusRefused(
      'batch_too_large',
      `${size} bytes in one publish are more than spool.publish_bytes_max (${publish_bytes_max}); send less at a time`,
      { retryable: false },
    );
  }

  /** By the last answer about the disk, which an old one is renewed behind: the order of publishes stays as it is. */
  #checkDisk(): void {
    const { disk_free_bytes_min, full_retry_after_s } = this.#config;
    const now_ms = this.#hooks.now_ms();
    if (now_ms - this.#free.checked_ms >= FREE_CHECK_MS) {
      this.#free = { ...this.#free, checked_ms: now_ms };
      void this.#lookAtDisk(now_ms);
    }
    if (this.#free.bytes >= disk_free_bytes_min) return;
    throw new BusRefused(
      'disk_full',
      `The disk of the spool has ${this.#free.bytes} bytes free, less than spool.disk_free_bytes_min (${disk_free_bytes_min}); make room`,
      { retryable: true, retryAfter_s: full_retry_after_s },
    );
  }

  async #lookAtDisk(checked_ms: number): Promise<void> {
    // A file system that cannot say how much is free says so when it is written to.
    const bytes = await this.#hooks.freeBytes().catch(() => Number.POSITIVE_INFINITY);
    this.#free = { bytes, checked_ms };
  }

  #checkRoom(bytes: number): void {
    const taken = this.#log.bytes - this.#hooks.reclaimableBytes() + this.#waitingBytes;
    const { spool_bytes_max, full_retry_after_s } = this.#config;
    if (taken + bytes <= spool_bytes_max) return;
    throw new BusRefused(
      'spool_full',
      `The spool holds ${taken} of spool.spool_bytes_max (${spool_bytes_max}) bytes that are not in the tables yet; send again later`,
      { retryable: true, retryAfter_s: full_retry_after_s },
    );
  }

  async #commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        if (this.#isSegmentFull()) await this.#log.finishSegment();
        await this.#log.append(Buffer.concat(group.flatMap(({ parts }) => parts)));
        this.#hooks.appended();
        for (const { resolve } of group) resolve();
      } catch (cause) {
        const refusal = refusalOf(cause, this.#config.full_retry_after_s);
        for (const { reject } of group) reject(refusal);
      }
      this.#waitingBytes -= group.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    this.#committing = undefined;
  }

  #nextGroup(): Waiting[] {
    let bytes = 0;
    const size = this.#waiting.findIndex((one, index) => {
      bytes += one.bytes;
      return index > 0 && bytes > this.#config.segment_bytes_max;
    });
    return this.#waiting.splice(0, size === -1 ? this.#waiting.length : size);
  }

  /** A consumed segment is given up early when its room is needed. */
  #isSegmentFull(): boolean {
    const { segment_bytes_max, spool_bytes_max } = this.#config;
    const active = this.#log.activeBytes;
    return (
      active >= segment_bytes_max ||
      (active > 0 && active <= this.#hooks.reclaimableBytes() && active * 4 > spool_bytes_max)
    );
  }
}

function closed(): BusRefused {
  return new BusRefused('closed', 'The spool is closed: the process is stopping.', { retryable: true });
}

function refusalOf(cause: unknown, retryAfter_s: number): BusRefused {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new BusRefused('disk_full', `The spool could not be written: ${problem}`, {
    retryable: true,
    retryAfter_s,
  });
}

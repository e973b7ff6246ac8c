import type { Fence } from '../fence.ts';

/**
 * The bus: what stands between "received" and "in the tables".
 *
 * A batch is the unit of delivery. `publish` resolves when the batch survives a crash (spool: fsync;
 * Kafka: acks=all), and only then may a receiver answer 2xx. A reader hands out batches in the order
 * published, and again after a crash unless `commit` got through; the store drops what it has seen.
 */

export const BATCH_KINDS = ['run_events', 'series', 'device_samples', 'series_points'] as const;
export type BatchKind = (typeof BATCH_KINDS)[number];

export interface Batch {
  /** Unique, chosen by the publisher; a retry of the same batch keeps it. */
  readonly id: string;
  readonly kind: BatchKind;
  /** Version of the body's layout; a reader refuses one it does not know. */
  readonly schemaVersion: number;
  /** Job (run events) or node (samples): batches of one key stay in order. */
  readonly key: string;
  readonly rows: number;
  /** run_events: JSON lines of stored events. The others: ClickHouse RowBinary of the table's columns. */
  readonly body: Uint8Array;
}

/** Thrown by `publish`: the batch is not durable and the sender must keep it. */
export class BusRefused extends Error {
  readonly code: 'spool_full' | 'disk_full' | 'closed' | 'batch_too_large' | 'unreachable';
  readonly retryable: boolean;
  readonly retryAfter_s: number | undefined;
  constructor(
    code: BusRefused['code'],
    message: string,
    options: { retryable: boolean; retryAfter_s?: number },
  ) {
    super(message);
    this.name = 'BusRefused';
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfter_s = options.retryAfter_s;
  }
}

export interface BusWriter {
  /**
   * Resolves when all batches are durable: all of them or none. Throws {@link BusRefused} when they are not. The bodies
   * must not change until then.
   */
  publish(batches: readonly Batch[]): Promise<void>;
}

/**
 * Called with batches in order, many at a time. Must make them durable in the store before it resolves; may be
 * called again with the same delivery (same `token`, same batches) after a crash, so it must be idempotent by token.
 */
export type DeliveryHandler = (delivery: Delivery) => Promise<void>;

export interface Delivery {
  /** Names exactly this range of the bus, for ever: the store's deduplication token. */
  readonly token: string;
  readonly batches: readonly Batch[];
  /** 1, and one more for each time the handler failed since the bus was opened. */
  readonly attempt: number;
  /** An earlier try may have been cut at any instant, by a crash or an error: some of its rows may be stored. */
  readonly again: boolean;
  /** When each batch came to the disk that it is read from, ms since the epoch; of a bus that is none, undefined. */
  readonly spooled_at_ms?: readonly number[];
  /** Under which claim its rows are written: a bus with several readers has one for each partition. */
  readonly fence?: Fence;
}

export interface BusReader {
  /** Starts delivery. One handler at a time; returns at once. */
  run(handler: DeliveryHandler): void;
  /**
   * Resolves when everything published before the call has been handled and its position recorded. Throws when the
   * reader is stopped before.
   */
  drained(): Promise<void>;
  stop(): Promise<void>;
}

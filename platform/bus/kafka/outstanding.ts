import { type Batch, BusRefused } from '../bus.ts';
import type { PreparedBatch } from './prepared.ts';

/** These, and only these, batches of a call are not in the topic and never will be. */
export class BatchesTooLarge extends BusRefused {
  readonly batches: readonly Batch[];
  constructor(batches: readonly Batch[], message: string) {
    super('batch_too_large', message, { retryable: false });
    this.name = 'BatchesTooLarge';
    this.batches = batches;
  }
}

/** One `publish` or `send`, which resolves when all of its batches are acknowledged. */
export interface OutstandingCall {
  readonly prepared: readonly PreparedBatch[];
  /** A `send`, not a `publish`. */
  readonly isSend: boolean;
  readonly bytes: number;
  readonly deadline_ms: number;
  readonly done: Promise<void>;
  /** Nobody waits for it any more: what is still to be sent of it is not sent. */
  settled: boolean;
  unacknowledged: number;
  tooLarge: BatchesTooLarge | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Calls that wait for Kafka, first come first, each for at most the same time. */
export class Outstanding {
  readonly #timeout_ms: number;
  readonly #expired: (calls: readonly OutstandingCall[]) => void;
  readonly #calls = new Set<OutstandingCall>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `expired` is told which calls have waited for too long; it has to take them. */
  constructor(timeout_ms: number, expired: (calls: readonly OutstandingCall[]) => void) {
    this.#timeout_ms = timeout_ms;
    this.#expired = expired;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Of the bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  add(prepared: readonly PreparedBatch[], isSend: boolean): OutstandingCall {
    let settle: Pick<OutstandingCall, 'resolve' | 'reject'> | undefined;
    const done = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle === undefined) throw new Error('a promise runs its executor at once');
    const call: OutstandingCall = {
      ...settle,
      done,
      prepared,
      isSend,
      bytes: prepared.reduce((sum, { batch }) => sum + batch.body.length, 0),
      deadline_ms: performance.now() + this.#timeout_ms,
      unacknowledged: prepared.length,
      settled: false,
      tooLarge: undefined,
    };
    this.#calls.add(call);
    this.#bytes += call.bytes;
    if (this.#timer === undefined) this.#arm(this.#timeout_ms);
    return call;
  }

  /** One batch of the call is in the topic. */
  acknowledge(call: OutstandingCall): void {
    if (!call.settled) this.#answer(call);
  }

  /** One batch of the call will never be in the topic. */
  refuseBatch(call: OutstandingCall, batch: Batch, message: string): void {
    if (call.settled) return;
    call.tooLarge = new BatchesTooLarge([...(call.tooLarge?.batches ?? []), batch], message);
    this.#answer(call);
  }

  /** Ends calls, first come first, as `end` says: with an error, or as a promise does. */
  end(
    isMeant: (call: OutstandingCall) => boolean,
    end: (call: OutstandingCall) => BusRefused | Promise<void>,
  ): void {
    for (const call of this.#calls) {
      if (!isMeant(call)) continue;
      this.#remove(call);
      const how = end(call);
      if (how instanceof BusRefused) call.reject(how);
      else how.then(call.resolve, call.reject);
    }
  }

  has(isMeant: (call: OutstandingCall) => boolean): boolean {
    for (const call of this.#calls) if (isMeant(call)) return true;
    return false;
  }

  /** Resolves when no call is left. */
  async settled(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled([...this.#calls].map(({ done }) => done));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #answer(call: OutstandingCall): void {
    call.unacknowledged -= 1;
    if (call.unacknowledged > 0) return;
    this.#remove(call);
    if (call.tooLarge === undefined) call.resolve();
    else call.reject(call.tooLarge);
  }

  #remove(call: OutstandingCall): void {
    call.settled = true;
    this.#calls.delete(call);
    this.#bytes -= call.bytes;
  }

  #arm(delay_ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now_ms = performance.now();
      const expired = [...this.#calls].filter(({ deadline_ms }) => deadline_ms <= now_ms);
      if (expired.length > 0) this.#expired(expired);
      const [next] = this.#calls;
      if (next !== undefined) this.#arm(Math.max(1, next.deadline_ms - now_ms));
    }, delay_ms);
  }
}

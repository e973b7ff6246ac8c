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

/** One `send`, which resolves when all of its batches are acknowledged. */
export interface OutstandingCall {
  readonly prepared: readonly PreparedBatch[];
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
  readonly #expired: () => void;
  readonly #calls = new Set<OutstandingCall>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `expired`: the first call has waited for too long. */
  constructor(timeout_ms: number, expired: () => void) {
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

  add(prepared: readonly PreparedBatch[]): OutstandingCall {
    let settle: Pick<OutstandingCall, 'resolve' | 'reject'> | undefined;
    const done = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle === undefined) throw new Error('a promise runs its executor at once');
    const call: OutstandingCall = {
      ...settle,
      done,
      prepared,
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

  /** First come first. */
  rejectAll(reason: () => BusRefused): void {
    for (const call of this.#calls) {
      this.#remove(call);
      call.reject(reason());
    }
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
      const [first] = this.#calls;
      if (first !== undefined && first.deadline_ms <= now_ms) this.#expired();
      const [next] = this.#calls;
      if (next !== undefined) this.#arm(Math.max(1, next.deadline_ms - now_ms));
    }, delay_ms);
  }
}

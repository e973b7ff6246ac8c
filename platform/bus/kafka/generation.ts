import type { PartitionReader } from './partition-reader.ts';

/** What one dealing of the partitions gave this reader. It is over when the group says so, or the reader stops. */
export class Generation {
  readonly partitions: readonly number[];
  /** The partitions of it that were claimed. */
  readonly readers = new Map<number, PartitionReader>();
  /** Nothing is begun and nothing tried again once it is aborted. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  #reason: Error | null = null;

  constructor(partitions: readonly number[], stopping: AbortSignal) {
    this.partitions = partitions;
    this.signal = AbortSignal.any([this.#over.signal, stopping]);
  }

  /** The first reason stays. */
  end(reason: Error): void {
    this.#reason ??= reason;
    this.#over.abort();
  }

  /** Why it is over; null while it is not. */
  get reason(): Error | null {
    return this.#reason;
  }
}

/** Has the client join the group anew: it looks at nothing but the type (kafkajs 2.2.4, `isRebalancing`). */
export class RejoinGroup extends Error {
  readonly type = 'REBALANCE_IN_PROGRESS';
  constructor(message: string) {
    super(message);
    this.name = 'RejoinGroup';
  }
}

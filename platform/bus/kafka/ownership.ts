import { partitionOf } from './partitioner.ts';

/** Which keys of the topic are this process's: those whose partition was dealt to it. */
export interface Ownership {
  /** Whether messages of the key are read here; false for all before the first dealing. */
  owns(key: string): boolean;
  /** The partition of a key; undefined before the first dealing. */
  partitionOf(key: string): number | undefined;
  /** Those that were dealt to this process. */
  readonly partitions: ReadonlySet<number>;
  /** Of the whole topic; 0 before the first dealing. */
  readonly count: number;
  /** Called after the answers of `owns` may have changed; returns what ends it. */
  onChange(listener: () => void): () => void;
  /**
   * Called after each dealing, also one that changed nothing: somebody else may have had the partitions in between.
   * Returns what ends it.
   */
  onDealt(listener: () => void): () => void;
  /** Whether the partition is claimed here and was neither given up nor dealt anew since, as far as this process heard. */
  reads(partition: number): boolean;
  /**
   * Called when a partition was claimed: whatever others brought of it to the tables is there, and they bring no more.
   * `hasNews`: some of it may be of others since it was read here last. Returns what ends it.
   */
  onClaimed(listener: ClaimedListener): () => void;
}

export type ClaimedListener = (partition: number, hasNews: boolean) => void;

/**
 * The last dealing holds until the next one is known: while partitions are dealt anew two processes may both take a key
 * for theirs, for as long as the group waits for its readers, and none is given up only to come back.
 */
export class DealtPartitions implements Ownership {
  readonly #listeners = new Set<() => void>();
  readonly #dealtListeners = new Set<() => void>();
  readonly #claimedListeners = new Set<ClaimedListener>();
  readonly #reads: (partition: number) => boolean;
  #dealing: object | undefined;
  #dealt: ReadonlySet<number> = new Set();
  #count = 0;

  constructor(reads: (partition: number) => boolean = () => false) {
    this.#reads = reads;
  }

  get partitions(): ReadonlySet<number> {
    return this.#dealt;
  }

  get count(): number {
    return this.#count;
  }

  partitionOf(key: string): number | undefined {
    return this.#count === 0 ? undefined : partitionOf(key, this.#count);
  }

  owns(key: string): boolean {
    const partition = this.partitionOf(key);
    return partition !== undefined && this.#dealt.has(partition);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDealt(listener: () => void): () => void {
    this.#dealtListeners.add(listener);
    return () => this.#dealtListeners.delete(listener);
  }

  reads(partition: number): boolean {
    return this.#reads(partition);
  }

  onClaimed(listener: ClaimedListener): () => void {
    this.#claimedListeners.add(listener);
    return () => this.#claimedListeners.delete(listener);
  }

  claimed(partition: number, hasNews: boolean): void {
    for (const listener of this.#claimedListeners) listener(partition, hasNews);
  }

  /** `count` of the whole topic; `dealing` tells one dealing from the next. */
  deal(partitions: Iterable<number>, count: number, dealing?: object): void {
    const dealt = new Set(partitions);
    const isSame =
      count === this.#count && dealt.size === this.#dealt.size && [...dealt].every((p) => this.#dealt.has(p));
    if (isSame && dealing === this.#dealing) return;
    this.#dealt = dealt;
    this.#count = count;
    this.#dealing = dealing;
    if (!isSame) for (const listener of this.#listeners) listener();
    for (const listener of this.#dealtListeners) listener();
  }
}

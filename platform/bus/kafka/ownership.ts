import { partitionOf } from './partitioner.ts';

/** Which keys of the topic are this process's: those whose partition was dealt to it. */
export interface Ownership {
  /** Whether messages of the key are read here; false for all before the first dealing. */
  owns(key: string): boolean;
  /** Called after the answers of `owns` may have changed; returns what ends it. */
  onChange(listener: () => void): () => void;
}

/**
 * The last dealing holds until the next one is known: while partitions are dealt anew two processes may both take a key
 * for theirs, for as long as the group waits for its readers, and none is given up only to come back.
 */
export class DealtPartitions implements Ownership {
  readonly #listeners = new Set<() => void>();
  #dealt: ReadonlySet<number> = new Set();
  #count = 0;

  get partitions(): ReadonlySet<number> {
    return this.#dealt;
  }

  owns(key: string): boolean {
    return this.#count > 0 && this.#dealt.has(partitionOf(key, this.#count));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `count` of the whole topic. */
  deal(partitions: Iterable<number>, count: number): void {
    const dealt = new Set(partitions);
    const isSame =
      count === this.#count && dealt.size === this.#dealt.size && [...dealt].every((p) => this.#dealt.has(p));
    if (isSame) return;
    this.#dealt = dealt;
    this.#count = count;
    for (const listener of this.#listeners) listener();
  }
}

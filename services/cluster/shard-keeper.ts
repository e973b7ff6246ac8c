import { setTimeout as pause } from 'node:timers/promises';
import type { Fence } from '../../platform/fence.ts';
import type { Log } from '../../platform/log.ts';
import type { ShardedAnalyzer } from '../analyzer/shards.ts';

/** The partitions that the group dealt to this process. */
export interface Dealing {
  readonly partitions: ReadonlySet<number>;
  /** Of the whole topic: another number deals the jobs to other partitions. */
  readonly count: number;
  /** Called after each dealing, also one that changed nothing; returns what ends it. */
  onDealt(listener: () => void): () => void;
  /** Whether messages of the partition are brought to the tables here, and by nobody else. */
  reads(partition: number): boolean;
  /** Called when that begins; `hasNews`: others may have brought some since it was so here last. Returns what ends it. */
  onClaimed(listener: (partition: number, hasNews: boolean) => void): () => void;
}

export interface ShardKeeperDependencies {
  readonly dealing: Dealing;
  readonly analyzer: Pick<ShardedAnalyzer, 'take' | 'release' | 'shards'>;
  readonly nameOf: (partition: number) => string;
  /** Fences off whoever accounted the partition before, and waits until what that one had under way is over. */
  readonly claim: (partition: number) => Promise<Fence>;
  /** Pause before a claim that failed is tried again, seconds. */
  readonly retry_s: number;
  /** How often to look whether every shard that belongs here is here, seconds. */
  readonly check_s: number;
  readonly log: Log;
}

export interface ShardKeeper {
  /** Partitions that were dealt to this process and are not claimed yet. */
  readonly waiting: number;
  stop(): Promise<void>;
}

/**
 * Keeps the shards that are accounted here the same as the partitions that are read here. A shard is claimed after its
 * partition: so whatever others stored of its jobs is in the tables before they are read, and of what comes later this
 * process is told. What a later claim took away is claimed again while the partition is still read here: whoever claimed
 * it was late, and will not keep it.
 */
export function keepShards(dependencies: ShardKeeperDependencies): ShardKeeper {
  const keeper = new Keeper(dependencies);
  keeper.start();
  return keeper;
}

class Keeper implements ShardKeeper {
  readonly #dependencies: ShardKeeperDependencies;
  /** Partitions to be claimed, each with the number of the order that asks for it. */
  readonly #wanted = new Map<number, number>();
  readonly #claiming = new Map<number, Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #endings: (() => void)[] = [];
  #orders = 0;
  #count: number;

  constructor(dependencies: ShardKeeperDependencies) {
    this.#dependencies = dependencies;
    this.#count = dependencies.dealing.count;
  }

  get waiting(): number {
    return this.#wanted.size;
  }

  start(): void {
    const { dealing, check_s } = this.#dependencies;
    const timer = setInterval(() => this.#wantAll(), check_s * 1000);
    this.#endings.push(
      () => clearInterval(timer),
      dealing.onDealt(() => this.#dealt()),
      dealing.onClaimed((partition, hasNews) => this.#claimed(partition, hasNews)),
    );
    this.#dealt();
  }

  async stop(): Promise<void> {
    for (const end of this.#endings) end();
    this.#stopping.abort();
    await Promise.all(this.#claiming.values());
  }

  #dealt(): void {
    const { dealing, analyzer, nameOf } = this.#dependencies;
    for (const partition of this.#wanted.keys())
      if (!dealing.partitions.has(partition)) this.#wanted.delete(partition);
    if (this.#count !== dealing.count) {
      // every job may be another shard's now, so everybody claims every shard anew
      this.#count = dealing.count;
      for (const name of analyzer.shards()) analyzer.release(name);
      this.#wanted.clear();
    }
    const dealt = new Set([...dealing.partitions].map(nameOf));
    for (const name of analyzer.shards()) if (!dealt.has(name)) analyzer.release(name);
    this.#wantAll();
  }

  #claimed(partition: number, hasNews: boolean): void {
    const { analyzer, nameOf } = this.#dependencies;
    // its jobs are read anew: of what others stored nobody told this process
    if (hasNews) analyzer.release(nameOf(partition));
    this.#want(partition);
  }

  #wantAll(): void {
    for (const partition of this.#dependencies.dealing.partitions) this.#want(partition);
  }

  #want(partition: number): void {
    const { dealing, analyzer, nameOf } = this.#dependencies;
    if (!dealing.partitions.has(partition) || !dealing.reads(partition)) return;
    if (this.#wanted.has(partition) || analyzer.shards().includes(nameOf(partition))) return;
    const order = ++this.#orders;
    this.#wanted.set(partition, order);
    const before = this.#claiming.get(partition) ?? Promise.resolve();
    const own = before.then(() => this.#claim(partition, order));
    this.#claiming.set(partition, own);
    void own.then(() => {
      if (this.#claiming.get(partition) === own) this.#claiming.delete(partition);
    });
  }

  async #claim(partition: number, order: number): Promise<void> {
    const { analyzer, dealing, nameOf, claim, retry_s, log } = this.#dependencies;
    const name = nameOf(partition);
    const { signal } = this.#stopping;
    const isAsked = () => !signal.aborted && this.#wanted.get(partition) === order;
    while (isAsked()) {
      try {
        const fence = await claim(partition);
        // dealt away in the meantime, and perhaps back: somebody else may have claimed it after that
        if (!isAsked()) return;
        this.#wanted.delete(partition);
        analyzer.take({ name, fence, part: { partition, partitions: dealing.count } });
      } catch (error) {
        log.warn('a shard could not be claimed; it is tried again', { shard: name, error: String(error) });
        await pause(retry_s * 1000, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

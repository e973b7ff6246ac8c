import { setTimeout } from 'node:timers/promises';
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
}

export interface ShardKeeperDependencies {
  readonly dealing: Dealing;
  readonly analyzer: Pick<ShardedAnalyzer, 'take' | 'release' | 'shards'>;
  readonly nameOf: (partition: number) => string;
  /** Fences off whoever accounted the partition before, and waits until what that one had under way is over. */
  readonly claim: (partition: number) => Promise<Fence>;
  /** Pause before a claim that failed is tried again, seconds. */
  readonly retry_s: number;
  readonly log: Log;
}

export interface ShardKeeper {
  /** Partitions that were dealt to this process and are not claimed yet. */
  readonly waiting: number;
  stop(): Promise<void>;
}

/**
 * Keeps the shards that are accounted here the same as the partitions that were dealt. What a later claim took away
 * comes back with a dealing only: until then somebody else was dealt it, and this process has not heard of it yet.
 */
export function keepShards(dependencies: ShardKeeperDependencies): ShardKeeper {
  const { dealing, analyzer, nameOf, claim, retry_s, log } = dependencies;
  /** Partitions to be claimed, each with the number of the dealing that asks for it. */
  const wanted = new Map<number, number>();
  let dealings = 0;
  let count = dealing.count;
  const claiming = new Map<number, Promise<void>>();
  const stopping = new AbortController();

  const claimOne = async (partition: number, asked: number): Promise<void> => {
    const name = nameOf(partition);
    while (!stopping.signal.aborted && wanted.get(partition) === asked) {
      try {
        const fence = await claim(partition);
        // dealt away in the meantime, and perhaps back: somebody else may have claimed it after that
        if (stopping.signal.aborted || wanted.get(partition) !== asked) return;
        wanted.delete(partition);
        analyzer.take({ name, fence });
      } catch (error) {
        log.warn('a shard could not be claimed; it is tried again', { shard: name, error: String(error) });
        await setTimeout(retry_s * 1000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const reconcile = () => {
    const asked = ++dealings;
    const dealt = new Map(
      [...dealing.partitions].map((partition) => [nameOf(partition), partition] as const),
    );
    for (const partition of wanted.keys()) if (!dealing.partitions.has(partition)) wanted.delete(partition);
    if (count !== dealing.count) {
      // every job may be another shard's now, so everybody claims every shard anew
      count = dealing.count;
      for (const name of analyzer.shards()) analyzer.release(name);
      wanted.clear();
    }
    const held = new Set(analyzer.shards());
    for (const name of held) if (!dealt.has(name)) analyzer.release(name);
    for (const [name, partition] of dealt) {
      if (held.has(name) || wanted.has(partition)) continue;
      wanted.set(partition, asked);
      const before = claiming.get(partition) ?? Promise.resolve();
      const own = before.then(() => claimOne(partition, asked));
      claiming.set(partition, own);
      void own.then(() => {
        if (claiming.get(partition) === own) claiming.delete(partition);
      });
    }
  };
  const unlisten = dealing.onDealt(reconcile);
  reconcile();
  return {
    get waiting() {
      return wanted.size;
    },
    async stop() {
      unlisten();
      stopping.abort();
      await Promise.all(claiming.values());
    },
  };
}

import type { Fence } from '../../platform/fence.ts';
import { fencedStore } from '../../platform/store/fenced-store.ts';
import { type Analyzer, type AnalyzerDependencies, createAnalyzer } from './analyzer.ts';
import { createAnalyzerCounters, NO_COUNTERS } from './analyzer-counters.ts';
import { ReadingBudget } from './metrics/device-window.ts';

/** Part of the jobs, which one process at a time accounts: those of one partition of the bus. */
export interface Shard {
  readonly name: string;
  /** The claim under which its rows are written. */
  readonly fence: Fence;
}

export interface ShardDependencies extends Omit<AnalyzerDependencies, 'owns' | 'shared'> {
  /** The name of the shard that a job belongs to. */
  readonly shardOf: (job: string) => string;
  /** How long what is in memory of a shard that was let go is kept, in case it comes back, seconds. */
  readonly kept_s: number;
}

/** Accounts the jobs of those shards that this process has at the moment. */
export interface ShardedAnalyzer {
  /**
   * From now on the shard's jobs are accounted here, from where the tables say that whoever had it before came to. To
   * be called before the first events under the claim are stored.
   */
  take(shard: Shard): void;
  /** The shard's jobs are accounted here no more. */
  release(name: string): void;
  /** Names of the shards that it has. */
  shards(): readonly string[];
  /** Events of these jobs were stored; jobs of other shards are passed over. */
  touch(jobs: Iterable<string>): void;
  /** Accounts what is due of every shard, one after another. A call during another awaits that one. */
  tick(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

interface Held {
  readonly analyzer: Analyzer;
  fence: Fence;
  /** When it was let go, milliseconds; undefined while it is held. */
  released_ms: number | undefined;
}

/**
 * An analyzer a shard. Two processes may take themselves for the owner of one for a moment; what the earlier one still
 * writes is turned away by the tables themselves, for every insert is under its claim, and the later one begins to read
 * only after its own. So neither can undo what the other wrote, and nothing is left half done between them.
 */
export function createShardedAnalyzer(dependencies: ShardDependencies): ShardedAnalyzer {
  const { config, log } = dependencies;
  const held = new ShardHolder(dependencies);
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): Promise<void> => {
    running ??= held.tick().finally(() => {
      running = undefined;
    });
    return running;
  };
  const tickAndLog = () => {
    tick().catch((error: unknown) => {
      log.error('derived series could not be written; the next tick tries again', { error: String(error) });
    });
  };
  return {
    take: (shard) => held.take(shard),
    release: (name) => held.release(name),
    shards: () => held.names(),
    touch: (jobs) => held.touch(jobs),
    tick,
    start() {
      timer ??= setInterval(tickAndLog, config.interval_s * 1000);
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await held.stop();
      await running?.catch(() => undefined);
    },
  };
}

class ShardHolder {
  readonly #dependencies: ShardDependencies;
  readonly #shared;
  readonly #held = new Map<string, Held>();

  constructor(dependencies: ShardDependencies) {
    const { counters, config } = dependencies;
    this.#dependencies = dependencies;
    this.#shared = {
      counters: counters === undefined ? NO_COUNTERS : createAnalyzerCounters(counters),
      reading: new ReadingBudget(config),
    };
  }

  take({ name, fence }: Shard): void {
    const { log } = this.#dependencies;
    const known = this.#held.get(name);
    // nobody had it in between: what is in memory is still what the tables hold
    const goesOn = known !== undefined && fence.epoch - known.fence.epoch <= 1;
    if (goesOn) {
      known.fence = fence;
      known.released_ms = undefined;
      return;
    }
    if (known !== undefined) this.#discard(name, known);
    log.info('shard taken', { shard: name, epoch: fence.epoch });
    this.#held.set(name, this.#open(name, fence));
  }

  release(name: string): void {
    const known = this.#held.get(name);
    if (known === undefined || known.released_ms !== undefined) return;
    known.released_ms = performance.now();
    this.#dependencies.log.info('shard released', { shard: name, epoch: known.fence.epoch });
  }

  names(): readonly string[] {
    return this.#active().map(([name]) => name);
  }

  touch(jobs: Iterable<string>): void {
    const byShard = new Map<string, string[]>();
    for (const job of jobs) {
      const name = this.#dependencies.shardOf(job);
      const own = byShard.get(name);
      if (own === undefined) byShard.set(name, [job]);
      else own.push(job);
    }
    for (const [name, own] of byShard) this.#held.get(name)?.analyzer.touch(own);
  }

  async tick(): Promise<void> {
    this.#forget();
    const failures: unknown[] = [];
    for (const [, { analyzer }] of this.#active()) {
      await analyzer.tick().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ analyzer }) => analyzer.stop()));
    this.#held.clear();
  }

  #active(): [string, Held][] {
    return [...this.#held].filter(([, { released_ms }]) => released_ms === undefined);
  }

  #open(name: string, fence: Fence): Held {
    const { store, shardOf, ...rest } = this.#dependencies;
    const held: { fence: Fence } = { fence };
    const writing = fencedStore(
      store,
      () => held.fence,
      (error) => {
        // an insert that was under way while this process itself claimed anew is made again by the next tick
        if (error.fence.epoch === held.fence.epoch) this.release(name);
      },
    );
    const analyzer = createAnalyzer({
      ...rest,
      store: writing,
      owns: (job) => shardOf(job) === name,
      shared: this.#shared,
    });
    return Object.assign(held, { analyzer, released_ms: undefined });
  }

  /** Frees what was let go and did not come back. */
  #forget(): void {
    const before_ms = performance.now() - this.#dependencies.kept_s * 1000;
    for (const [name, held] of this.#held) {
      if (held.released_ms !== undefined && held.released_ms < before_ms) this.#discard(name, held);
    }
  }

  #discard(name: string, { analyzer }: Held): void {
    this.#held.delete(name);
    void analyzer.stop();
  }
}

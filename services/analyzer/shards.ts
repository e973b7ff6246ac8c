import { type Fence, Fenced } from '../../platform/fence.ts';
import { fencedStore } from '../../platform/store/fenced-store.ts';
import { type Analyzer, type AnalyzerDependencies, createAnalyzer, type StoredJobs } from './analyzer.ts';
import { createAnalyzerCounters, NO_COUNTERS } from './analyzer-counters.ts';
import type { BusPart } from './metrics/arrived-jobs.ts';
import { ReadingBudget } from './metrics/device-window.ts';

/** Part of the jobs, which one process at a time accounts: those of one partition of the bus. */
export interface Shard {
  readonly name: string;
  /** The claim under which its rows are written. */
  readonly fence: Fence;
  /** Which partition that is, so that no jobs of others are read when it is taken. */
  readonly part?: BusPart;
}

export interface ShardDependencies extends Omit<AnalyzerDependencies, 'owns' | 'part' | 'shared'> {
  /** The name of the shard that a job belongs to; undefined while that is not known. */
  readonly shardOf: (job: string) => string | undefined;
}

/** Accounts the jobs of those shards that this process has at the moment. */
export interface ShardedAnalyzer {
  /**
   * From now on the shard's jobs are accounted here, from where the tables say that whoever had it before came to. The
   * claim must have been made after whatever that one had under way was over.
   */
  take(shard: Shard): void;
  /** The shard's jobs are accounted here no more. */
  release(name: string): void;
  /** Names of the shards that it has. */
  shards(): readonly string[];
  /** Events of these jobs were stored; jobs of other shards are passed over. */
  touch(jobs: StoredJobs): void;
  /** Accounts what is due of every shard, one after another. A call during another awaits that one. */
  tick(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

interface Held {
  readonly fence: Fence;
  readonly analyzer: Analyzer;
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
    shards: () => held.names,
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

  get names(): readonly string[] {
    return [...this.#held.keys()];
  }

  take({ name, fence, part }: Shard): void {
    const { store, shardOf, log, ...rest } = this.#dependencies;
    this.release(name);
    const analyzer = createAnalyzer({
      ...rest,
      log,
      store: fencedStore(store, fence, () => this.#lost(name, fence)),
      owns: (job) => shardOf(job) === name,
      part,
      shared: this.#shared,
    });
    this.#held.set(name, { fence, analyzer });
    log.info('shard taken', { shard: name, epoch: fence.epoch });
  }

  release(name: string): void {
    const known = this.#held.get(name);
    if (known === undefined) return;
    this.#held.delete(name);
    void known.analyzer.stop();
    this.#dependencies.log.info('shard released', { shard: name, epoch: known.fence.epoch });
  }

  touch(jobs: StoredJobs): void {
    const byShard = new Map<string, (string | readonly [string, number])[]>();
    for (const one of jobs) {
      const name = this.#dependencies.shardOf(typeof one === 'string' ? one : one[0]);
      if (name === undefined) continue;
      const own = byShard.get(name);
      if (own === undefined) byShard.set(name, [one]);
      else own.push(one);
    }
    for (const [name, own] of byShard) this.#held.get(name)?.analyzer.touch(own);
  }

  async tick(): Promise<void> {
    const failures: unknown[] = [];
    for (const [name, { analyzer }] of [...this.#held]) {
      // it may have been let go while another one was accounted
      if (this.#held.get(name)?.analyzer !== analyzer) continue;
      await analyzer.tick().catch((error: unknown) => {
        // that it is another's now is no failure
        if (!(error instanceof Fenced)) failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  async stop(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map(({ analyzer }) => analyzer.stop()));
  }

  /** The tables turned an insert away: somebody else accounts the shard now. */
  #lost(name: string, fence: Fence): void {
    if (this.#held.get(name)?.fence === fence) this.release(name);
  }
}

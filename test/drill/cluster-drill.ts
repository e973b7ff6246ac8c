import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent } from '../../domain/events.ts';
import { createRandom, type Random } from '../../simulator/random.ts';
import { httpSend, Load } from '../support/load.ts';
import { eventually } from '../support/loopback.ts';
import { countCopies, Oracle } from '../support/oracle.ts';
import { Cluster } from './cluster.ts';
import { type ClusterVerdict, checkCluster, watchLeaders } from './cluster-check.ts';
import { deckOf, type Fault } from './cluster-faults.ts';
import { CounterWatch } from './counter-watch.ts';
import { DeviceExporter, keepDeviceCopies } from './device-oracle.ts';

export interface ClusterDrillOptions {
  /** Empty; holds all data afterwards. */
  readonly folder: string;
  readonly faults: number;
  readonly seed: number;
  readonly progress?: (line: string) => void;
}

export interface ClusterDrillResult extends ClusterVerdict {
  /** How many of each kind happened. */
  readonly faults: ReadonlyMap<string, number>;
  readonly took_s: number;
  /** Sends whose outcome the sender did not learn. */
  readonly unknown_outcomes: number;
  /** Why sends were not acknowledged, with how often. */
  readonly refusals: ReadonlyMap<string, number>;
  /** From the send of an event, while or after things went wrong, to the tables; seconds, ascending. */
  readonly fresh_s: readonly number[];
  /** Processes that did not end in order when all was over, and how they did. */
  readonly stops: readonly string[];
  /** Processes that ended without being asked to, and how; also those that did not stop as they should. */
  readonly own_ends: readonly string[];
  /** What the processes counted, at least. */
  readonly counted: ReadonlyMap<string, number>;
  /** What the processes said, message to how often. */
  readonly said: ReadonlyMap<string, number>;
  /** Of each message of level error the first line. */
  readonly errors: ReadonlyMap<string, string>;
}

/**
 * A cluster of processes under load over HTTP to both collectors, to which one thing after another happens, several at
 * a time. Everything that happens, and its order, comes from the seed; the instants do not.
 */
export async function drillCluster(options: ClusterDrillOptions): Promise<ClusterDrillResult> {
  const exporters = await Promise.all(['n1', 'n2'].map((name) => DeviceExporter.open(name)));
  try {
    const cluster = await Cluster.start(options.folder, {
      nodes: 3,
      collectors: exporters.length,
      analyzers: 2,
      targets: exporters.map(({ target }) => [target]),
      settings: QUICK,
      async prepare(store) {
        await countCopies(store);
        await keepDeviceCopies(store);
      },
    });
    try {
      return await new ClusterDrill(cluster, exporters, options).run();
    } finally {
      await cluster.close();
    }
  } finally {
    await Promise.all(exporters.map((exporter) => exporter.close()));
  }
}

class ClusterDrill {
  readonly #cluster: Cluster;
  readonly #exporters: readonly DeviceExporter[];
  readonly #options: ClusterDrillOptions;
  readonly #random: Random;
  readonly #oracle: Oracle;
  readonly #load: Load;
  readonly #faults = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  readonly #fresh_s: number[] = [];
  /** What happens at the moment: place to its end. */
  readonly #happening = new Map<string, Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(cluster: Cluster, exporters: readonly DeviceExporter[], options: ClusterDrillOptions) {
    this.#cluster = cluster;
    this.#exporters = exporters;
    this.#options = options;
    this.#random = createRandom(options.seed);
    const base_us = (Date.now() - 3_600_000) * 1000;
    this.#oracle = new Oracle(`drill-${options.seed}`, { jobs: JOBS, base_us, step_us: STEP_US });
    this.#load = new Load(this.#oracle, {
      inflight: SENDERS,
      lines_max: 12,
      resend_ratio: 0.5,
      random: createRandom(options.seed + 1),
      pause_ms: SEND_PAUSE_MS,
    });
  }

  async run(): Promise<ClusterDrillResult> {
    const began = performance.now();
    const over = new AbortController();
    await this.#declareJobs();
    const leaders = await watchLeaders(this.#cluster, over.signal);
    const counters = new CounterWatch([...this.#cluster.collectors, ...this.#cluster.analyzers]);
    const counting = counters.run(over.signal);
    const load = this.#load.run((lines) => this.#send(lines), over.signal);
    try {
      await this.#settle();
      await this.#letHappen(deckOf(this.#cluster, this.#options.faults, this.#random));
      await this.#settle();
    } finally {
      over.abort();
      await load;
      await Promise.allSettled(this.#happening.values());
    }
    await Promise.all([leaders.over, counting]);
    await this.#endJobs();
    const verdict = await checkCluster({
      cluster: this.#cluster,
      oracle: this.#oracle,
      exporters: this.#exporters,
      folder: this.#options.folder,
    });
    await counters.look();
    const stops = await this.#stopAll();
    return {
      ...verdict,
      counted: counters.totals,
      leader_changes: leaders.changes,
      faults: this.#faults,
      took_s: (performance.now() - began) / 1000,
      unknown_outcomes: this.#load.failures,
      refusals: this.#refusals,
      fresh_s: this.#fresh_s.sort((a, b) => a - b),
      stops,
      own_ends: this.#cluster.members.flatMap(({ name, ownEnds }) => ownEnds.map((end) => `${name}: ${end}`)),
      said: this.#cluster.sayings.counts,
      errors: this.#cluster.sayings.errors,
    };
  }

  /** A few at a time, the next one when some load went through since the last; now and then all has to be well. */
  async #letHappen(faults: readonly Fault[]): Promise<void> {
    for (const [number, fault] of faults.entries()) {
      const acknowledged = this.#oracle.acknowledged;
      await this.#happening.get(fault.place);
      while (this.#happening.size >= AT_A_TIME) await Promise.race(this.#happening.values());
      await eventually(() => this.#oracle.acknowledged >= acknowledged + ACKNOWLEDGED_BETWEEN || undefined, {
        limit_ms: PROGRESS_LIMIT_MS,
        describe: () => this.#state(),
      });
      await sleep(this.#random.uniform() * PAUSE_MS);
      if (this.#failures.length > 0) throw this.#failures[0];
      this.#begin(fault);
      if (number % SETTLE_EVERY === SETTLE_EVERY - 1) await this.#settle();
      this.#options.progress?.(`${number + 1} faults: ${this.#oracle.acknowledged} acknowledged`);
    }
  }

  #begin(fault: Fault): void {
    this.#faults.set(fault.kind, (this.#faults.get(fault.kind) ?? 0) + 1);
    const running = fault
      .run()
      .catch((cause: unknown) => void this.#failures.push(cause))
      .finally(() => this.#happening.delete(fault.place));
    this.#happening.set(fault.place, running);
  }

  /** Nothing happens any more, and events of all jobs get through, while the load goes on. */
  async #settle(): Promise<void> {
    await Promise.all(this.#happening.values());
    if (this.#failures.length > 0) throw this.#failures[0];
    const began = performance.now();
    const ids = this.#cluster.collectors.flatMap(() =>
      Array.from({ length: JOBS }, () => this.#oracle.issue()),
    );
    // one send to each collector, resent until acknowledged like any sender does
    for (const [n, collector] of this.#cluster.collectors.entries()) {
      const own = ids.slice(n * JOBS, (n + 1) * JOBS);
      const send = httpSend(() => collector.url ?? NOWHERE);
      await eventually(
        async () => {
          if (await send(own.map((id) => this.#oracle.lineOf(id)))) return true;
          throw new Error('refused');
        },
        { limit_ms: SETTLE_LIMIT_MS, describe: () => this.#state() },
      ).finally(() => this.#oracle.resending(own));
      this.#oracle.acknowledge(own);
    }
    await this.#inTheTables(ids);
    this.#fresh_s.push((performance.now() - began) / 1000);
  }

  async #inTheTables(ids: readonly number[]): Promise<void> {
    const store = await this.#cluster.openStore();
    try {
      await eventually(
        async () => {
          const [row] = await store.query<{ found: number }>(
            `SELECT countDistinct(body) AS found FROM run_events
            WHERE job IN {jobs:Array(String)} AND toInt64(JSONExtractInt(body, 'step')) IN {ids:Array(Int64)}`,
            { jobs: this.#oracle.jobs, ids },
          );
          return row?.found === ids.length || undefined;
        },
        { limit_ms: SETTLE_LIMIT_MS, every_ms: 250, describe: () => this.#state() },
      );
    } finally {
      await store.close();
    }
  }

  /** When everything is in the tables nothing holds a process up. */
  async #stopAll(): Promise<string[]> {
    const { analyzers, collectors, api, store } = this.#cluster;
    const bad: string[] = [];
    for (const member of [...analyzers, ...collectors, api, store]) {
      const before = member.ownEnds.length;
      await member.stop();
      bad.push(...member.ownEnds.slice(before).map((end) => `${member.name}: ${end}`));
    }
    return bad;
  }

  /** To any collector that listens. */
  async #send(lines: readonly string[]): Promise<boolean> {
    const url = await eventually(() => this.#anyCollector(), { every_ms: 20, describe: () => this.#state() });
    const note = (reason: string) => void this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1);
    return httpSend(() => url, note)(lines);
  }

  #anyCollector(): string | undefined {
    const urls = this.#cluster.collectors.flatMap(({ url }) => url ?? []);
    return urls[Math.floor(Math.random() * urls.length)];
  }

  #declareJobs(): Promise<void> {
    const time_us = (Date.now() - 3_700_000) * 1000;
    return this.#sendEvents(
      this.#oracle.jobs.map((job) => ({ type: 'attempt_start', job, attempt: 1, time_us, device_count: 8 })),
    );
  }

  #endJobs(): Promise<void> {
    const time_us = Date.now() * 1000;
    return this.#sendEvents(
      this.#oracle.jobs.map((job) => ({ type: 'attempt_end', job, attempt: 1, time_us, clean: true })),
    );
  }

  async #sendEvents(events: readonly RunEvent[]): Promise<void> {
    const lines = events.map((event) => JSON.stringify(event));
    await eventually(async () => (await this.#send(lines)) || undefined, { describe: () => this.#state() });
  }

  #state(): string {
    const { members } = this.#cluster;
    return members.map(({ name, url, last }) => `${name} at ${url}:\n${last}`).join('\n\n');
  }
}

/** A reader that says nothing for four seconds is dealt out; a node of Kafka that does so loses what it leads. */
const QUICK = {
  kafka: {
    writer: { publish_timeout_s: 4, request_timeout_s: 4 },
    reader: {
      session_timeout_s: 4,
      heartbeat_interval_s: 0.5,
      rebalance_timeout_s: 8,
      fetch_wait_timeout_s: 0.1,
      offsets_interval_s: 2,
      retry_max_s: 2,
    },
  },
  clickhouse: { insert_time_max_s: 10 },
  cluster: { start_retry_s: 0.5 },
  analyzer: { interval_s: 1 },
};

const JOBS = 8;
/** About as much apart as they are sent, so that the jobs last about as long as the drill. */
const STEP_US = 10_000;
const SENDERS = 4;
const SEND_PAUSE_MS = 150;
const AT_A_TIME = 4;
const ACKNOWLEDGED_BETWEEN = 15;
const PAUSE_MS = 1000;
const PROGRESS_LIMIT_MS = 90_000;
const SETTLE_EVERY = 25;
const SETTLE_LIMIT_MS = 120_000;
/** Refuses connections. */
const NOWHERE = 'http://127.0.0.1:9';

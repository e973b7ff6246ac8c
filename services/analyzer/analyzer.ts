import { setImmediate } from 'node:timers/promises';
import { SITE_DEFAULTS, type SiteConfig } from '../../domain/report/site.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { SeriesEncoder } from '../../platform/series/series-encoder.ts';
import {
  DEVICE_TELEMETRY_DEFAULTS,
  type DeviceTelemetryConfig,
} from '../../platform/store/device-telemetry.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import type { Store } from '../../platform/store/store.ts';
import type { Counters } from '../../platform/telemetry/counters.ts';
import { type AnalyzerCounters, createAnalyzerCounters, NO_COUNTERS } from './analyzer-counters.ts';
import type { AnalyzerConfig } from './config.ts';
import { ALL_JOBS, arrivedJobs, type BusPart } from './metrics/arrived-jobs.ts';
import { createBaselines } from './metrics/baselines.ts';
import { DeviceWindow, ReadingBudget } from './metrics/device-window.ts';
import { createContextReader, type JobContext } from './metrics/job-context.ts';
import { type ReceivedRow, readTogether } from './metrics/job-events.ts';
import { createSeriesWriter } from './metrics/series-writer.ts';
import { type Alike, TrackedJob } from './metrics/tracked-job.ts';
import { createResultsWriter, type ResultsWriter } from './results/results-writer.ts';

export interface AnalyzerDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly config: AnalyzerConfig;
  readonly log: Log;
  readonly encoder: SeriesEncoder;
  readonly counters?: Counters;
  /** Price, currency and PUE; unknown unless given. */
  readonly site?: SiteConfig;
  readonly device_telemetry?: DeviceTelemetryConfig;
  /** Which jobs are accounted here, where several share the work (`shards.ts`); all of them unless given. */
  readonly owns?: (job: string) => boolean;
  /** The partition of the bus that those jobs are of: no others need be asked for. */
  readonly part?: BusPart | undefined;
  /** What all analyzers of a process have together. */
  readonly shared?: SharedParts;
}

export interface SharedParts {
  readonly counters: AnalyzerCounters;
  readonly reading: ReadingBudget;
}

export interface Analyzer {
  /** Events of these jobs were stored: they are read and accounted at the next tick. */
  touch(jobs: StoredJobs): void;
  /** Accounts what is due and writes its series. One at a time; a call during another awaits that one. */
  tick(): Promise<void>;
  /** Ticks every `interval_s` until stopped. */
  start(): void;
  stop(): Promise<void>;
}

/** Jobs of which events were stored; to each the arrival of the first of them, milliseconds, where that is known. */
export type StoredJobs = Iterable<string | readonly [job: string, received_ms: number]>;

interface Followed {
  readonly tracked: TrackedJob;
  /** When its series were last written by an earlier process, or before it was dropped; to be taken up first. */
  resume_us: number | undefined;
  touched: boolean;
  /** A job seen for the first time may still be arriving: it is accounted at the tick after. */
  settled: boolean;
  due_us: number;
  /** Whether its size was logged. */
  isLarge: boolean;
  context: JobContext | undefined;
  /** What a learned baseline must share with the job, as of its last account. */
  alike: Alike | undefined;
}

/** A job to account in this tick, and whether anything of it arrived. */
type Due = readonly [job: string, followed: Followed, was_touched: boolean];

/**
 * Turns stored events into the derived series (`domain/catalog/derived-metrics.ts`). All state is in the store: what
 * is kept in memory is a copy, and another process that starts with the same store carries on.
 */
export function createAnalyzer(dependencies: AnalyzerDependencies): Analyzer {
  const { config, log } = dependencies;
  const accountant = new Accountant(dependencies);
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const tick = (): Promise<void> => {
    running ??= accountant.tick().finally(() => {
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
    touch: (jobs) => accountant.touch(jobs),
    tick,
    start() {
      timer ??= setInterval(tickAndLog, config.interval_s * 1000);
      tickAndLog();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      accountant.stopping = true;
      await running?.catch(() => undefined);
      accountant.unwatch();
    },
  };
}

class Accountant {
  stopping = false;
  /** Takes it out of what is measured. */
  readonly unwatch: () => void;
  readonly #dependencies: AnalyzerDependencies;
  readonly #followed = new Map<string, Followed>();
  readonly #writer;
  readonly #baselines;
  readonly #contexts;
  readonly #results: ResultsWriter;
  readonly #reading: ReadingBudget;
  readonly #counters: AnalyzerCounters;
  /** When the series of jobs that are not followed were last written, microseconds. */
  readonly #written = new Map<string, number>();
  #resumed = false;
  /** Of the tick that runs. */
  #failures: unknown[] = [];

  constructor(dependencies: AnalyzerDependencies) {
    const { store, encoder, clock, config, log, counters, shared } = dependencies;
    this.#dependencies = dependencies;
    this.#counters =
      shared?.counters ?? (counters === undefined ? NO_COUNTERS : createAnalyzerCounters(counters));
    this.unwatch = this.#counters.watch(() => this.#size());
    this.#reading = shared?.reading ?? new ReadingBudget(config);
    this.#writer = createSeriesWriter(store, encoder, config.insert_points_max);
    this.#baselines = createBaselines(store, clock, config.baseline_refresh_s);
    this.#contexts = createContextReader(store, log, config.abandoned_after_s);
    this.#results = createResultsWriter(store, config);
  }

  touch(jobs: StoredJobs): void {
    for (const one of jobs) {
      const [job, received_ms] = typeof one === 'string' ? [one, Number.POSITIVE_INFINITY] : one;
      // '' keys events of no job: faults and node states, which are read with the jobs of their nodes
      if (job === '' || !this.#owns(job)) continue;
      const followed = this.#follow(job);
      followed.touched = true;
      followed.tracked.events.noteStored(received_ms);
    }
  }

  async tick(): Promise<void> {
    const began = performance.now();
    const failures: unknown[] = [];
    try {
      if (!this.#resumed) await this.#resume();
      this.#resumed = true;
    } catch (error) {
      this.#counters.failed('start');
      throw error;
    }
    this.#failures = failures;
    for (const [job, followed, was_touched] of await this.#readAll()) {
      if (this.stopping) break;
      try {
        await this.#account(job, followed, was_touched);
      } catch (error) {
        // one job that cannot be accounted must not keep the others from it
        this.#failed(followed, was_touched, error);
      }
    }
    await this.#writer.flush(this.#dependencies.clock.now_us());
    if (this.stopping) return;
    await this.#flush().catch((error: unknown) => {
      this.#counters.failed('results');
      failures.push(error);
    });
    this.#counters.ticked((performance.now() - began) / 1000);
    if (failures.length > 0) throw failures[0];
  }

  /** Rows of all jobs together; what is kept of those that are not followed any more is let go. */
  async #flush(): Promise<void> {
    await this.#results.flush(this.#dependencies.clock.now_us());
    this.#results.keepOnly(this.#followed);
    this.#contexts.keepOnly(this.#followed);
  }

  /** Jobs that are due, with what arrived of them and around them, read in as few questions as can be. */
  async #readAll(): Promise<readonly Due[]> {
    const { store, clock } = this.#dependencies;
    const now_us = clock.now_us();
    const due: Due[] = [];
    for (const [job, followed] of this.#followed) {
      if (followed.settled && now_us >= followed.due_us) due.push([job, followed, followed.touched]);
      followed.settled = true;
    }
    const touched = due.filter(([, { resume_us }, was_touched]) => was_touched && resume_us === undefined);
    for (const [, followed] of due) followed.touched = false;
    // where all cannot be read at once, each is read by itself, and says what is wrong
    const read = await readTogether(
      store,
      touched.map(([, { tracked }]) => tracked.events),
    ).catch(() => new Map<string, ReceivedRow[]>());
    const ready: Due[] = [];
    for (const one of due) {
      if (await this.#refreshed(one, read)) ready.push(one);
    }
    return await this.#withContexts(ready, now_us);
  }

  async #refreshed([job, followed, was_touched]: Due, read: ReadonlyMap<string, ReceivedRow[]>) {
    const { tracked } = followed;
    try {
      if (followed.resume_us !== undefined)
        await tracked.resume(this.#dependencies.store, followed.resume_us);
      followed.resume_us = undefined;
      if (was_touched) await tracked.refresh(read.get(job));
      return true;
    } catch (error) {
      this.#failed(followed, was_touched, error);
      return false;
    }
  }

  /** A job that is over and of which nothing new was told needs no questions any more. */
  async #withContexts(due: readonly Due[], now_us: number): Promise<readonly Due[]> {
    const asked = due.filter(([, { context, tracked }, was_touched]) => {
      return context === undefined || was_touched || !tracked.ended;
    });
    if (asked.length === 0) return due;
    try {
      await this.#contexts.refresh(
        asked.map(([, { tracked }]) => tracked.events),
        now_us,
      );
      for (const [, followed] of asked) followed.context = this.#contexts.of(followed.tracked.events, now_us);
      return due;
    } catch (error) {
      for (const [, followed, was_touched] of due) followed.touched ||= was_touched;
      this.#counters.failed('job');
      this.#failures.push(error);
      return [];
    }
  }

  /** Points of a job could not be written: it is accounted again at the next tick. */
  #failed(followed: Followed, was_touched: boolean, error: unknown): void {
    followed.touched ||= was_touched;
    this.#counters.failed('job');
    this.#failures.push(error);
  }

  #owns(job: string): boolean {
    return this.#dependencies.owns?.(job) ?? true;
  }

  #size(): { jobs: number; events: number } {
    let events = 0;
    for (const { tracked } of this.#followed.values()) events += tracked.events.count;
    return { jobs: this.#followed.size, events };
  }

  #follow(job: string): Followed {
    const known = this.#followed.get(job);
    if (known !== undefined) return known;
    const { store, config, log } = this.#dependencies;
    const { site = SITE_DEFAULTS, device_telemetry = DEVICE_TELEMETRY_DEFAULTS } = this.#dependencies;
    const followed: Followed = {
      tracked: new TrackedJob(
        job,
        store,
        { ...config, site },
        new DeviceWindow(store, log, { ...config, device_telemetry }, this.#reading),
      ),
      resume_us: this.#written.get(job),
      touched: true,
      settled: false,
      due_us: 0,
      isLarge: false,
      context: undefined,
      alike: undefined,
    };
    this.#followed.set(job, followed);
    return followed;
  }

  async #account(job: string, followed: Followed, was_touched: boolean): Promise<void> {
    const { clock, config } = this.#dependencies;
    const now_us = clock.now_us();
    const { tracked } = followed;
    this.#noteSize(job, followed);
    const surroundings = await this.#surroundings(job, followed, now_us);
    const began = performance.now();
    const writing = await tracked.points(now_us, surroundings, () => setImmediate());
    const { points, series, taught, alike, visible } = writing;
    await this.#results.add(writing.job, now_us);
    followed.due_us = now_us + ((performance.now() - began) * 1000) / config.job_time_ratio_max;
    const written = async () => {
      this.#counters.wrote(points.length);
      tracked.series = series;
      tracked.touched_us = undefined;
      followed.alike = alike;
      if (taught !== null) await this.#baselines.learn(taught);
      if (visible || followed.touched) return;
      this.#followed.delete(job);
      this.#written.set(job, now_us);
    };
    await this.#writer.add(
      { points, written, failed: (error) => this.#failed(followed, was_touched, error) },
      now_us,
    );
  }

  #noteSize(job: string, followed: Followed): void {
    const { config, log } = this.#dependencies;
    const events = followed.tracked.events.count;
    if (followed.isLarge || events <= config.job_events_large) return;
    followed.isLarge = true;
    log.warn('a job has very many events; all are accounted and kept in memory while it is followed', {
      job,
      events,
      job_events_large: config.job_events_large,
    });
  }

  async #surroundings(job: string, followed: Followed, now_us: number) {
    const { baseline } = followed.tracked.events;
    const context = followed.context ?? this.#contexts.of(followed.tracked.events, now_us);
    // the first account draws the whole past: it must know what to compare with
    followed.alike ??= followed.tracked.alike(now_us);
    const { alike } = followed;
    const baseline_tokens_per_s_per_device =
      baseline === undefined && alike !== undefined
        ? await this.#baselines.learnedRateOf(alike.spec, alike.devices)
        : await this.#baselines.rateOf(baseline);
    const revision = this.#results.revisionOf(job);
    return { ...context, baseline_tokens_per_s_per_device, revision };
  }

  /** Follows again what an earlier process followed, and what arrived after it wrote its last point. */
  async #resume(): Promise<void> {
    const { store, clock, config } = this.#dependencies;
    const part = { ...(this.#dependencies.part ?? ALL_JOBS) };
    const progress = await store.query<{ job: string; newest_version: number }>(
      namedQuery('derived_progress'),
      part,
    );
    for (const { job, newest_version } of progress) {
      if (!this.#owns(job)) continue;
      this.#written.set(job, Number(newest_version));
      // its points went with those of other jobs, in inserts that were numbered on
      this.#writer.continueAfter(Number(newest_version) + INSERTS_OF_A_TICK_MAX);
    }
    const alive_us = clock.now_us() - Math.max(config.abandoned_after_s, config.ended_visible_s) * 1e6;
    for await (const { job, newest_received_ms } of arrivedJobs(store, part)) {
      if (!this.#owns(job)) continue;
      const written_us = this.#written.get(job);
      const isNew = written_us === undefined || newest_received_ms * 1000 >= written_us;
      const isOver = !isNew && newest_received_ms * 1000 < alive_us;
      if (isOver && !this.#followed.has(job)) continue;
      const followed = this.#follow(job);
      // it may have been touched before this was known
      followed.resume_us = written_us;
      followed.settled = true;
    }
  }
}

/** Above the inserts that one writing of many jobs takes. */
const INSERTS_OF_A_TICK_MAX = 10_000;

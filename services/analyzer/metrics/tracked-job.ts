import { DERIVED_METRICS } from '../../../domain/catalog/derived-metrics.ts';
import { collectivesOf } from '../../../domain/report/collectives.ts';
import { devicesOf } from '../../../domain/report/job-nodes.ts';
import { resolveSpec } from '../../../domain/report/job-spec.ts';
import { type JobView, jobView } from '../../../domain/report/job-view.ts';
import {
  type BaselineSpec,
  baselineSpec,
  type LearnedBaseline,
  learnedBaseline,
} from '../../../domain/report/learned-baseline.ts';
import type { LiveLook } from '../../../domain/report/live/live-job.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import type { SiteConfig } from '../../../domain/report/site.ts';
import { specHistory } from '../../../domain/report/spec-history.ts';
import type { SeriesPoint } from '../../../platform/series/series-encoder.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';
import { type AnalyzerConfig, liveLimits } from '../config.ts';
import { COLLECTIVE_SAMPLE_LIMITS } from './collective-samples.ts';
import { DEVICE_FIGURES, NO_FIGURES } from './device-figures.ts';
import type { DeviceWindow, WindowView } from './device-window.ts';
import { GAP_MAX_MS, gridTime, historyTimes } from './history-times.ts';
import type { JobContext } from './job-context.ts';
import { JobEvents, type ReceivedRow } from './job-events.ts';
import { createJobHistory } from './job-history.ts';
import {
  type JobSeries,
  NOTHING_WRITTEN,
  pointsAt,
  resumedSeries,
  type SeriesIdentity,
} from './job-series.ts';
import { samplesOf } from './samples.ts';
import { SeriesNames } from './series-names.ts';

/** What arrived so shortly before the last writing may have been stored after it, and counts as new. */
const RESUME_OVERLAP_MS = 60_000;

/** What the series of a job need beside its events. */
export interface Surroundings extends JobContext {
  readonly baseline_tokens_per_s_per_device: number | null;
  /** Newest revision of the job in the result tables; undefined when none is known yet. */
  readonly revision: number | undefined;
}

/** Settings of the analyzer, and what the operator set of the site. */
export type TrackingConfig = AnalyzerConfig & { readonly site: SiteConfig };

export interface Writing {
  /** The job at the present. */
  readonly job: PresentJob;
  readonly points: readonly SeriesPoint[];
  /** The state once the points are in the tables. */
  readonly series: JobSeries;
  /** False when the job is over and its last figures were shown long enough. */
  readonly visible: boolean;
  readonly alike: Alike | undefined;
  /** What the job itself teaches of a baseline; null where it is not known yet. */
  readonly taught: LearnedBaseline | null;
}

/** What a learned baseline of a job must share with it, and how many devices it must be below. */
export interface Alike {
  readonly spec: BaselineSpec;
  readonly devices: number;
}

/** A job at the present, as far as it is kept up to date; else the view of all its events. */
export interface PresentJob {
  readonly view: LiveView;
  readonly kept: LiveLook | undefined;
  /** Of all its events, made when it is asked for. */
  readonly whole: () => JobView;
}

/** A job at the present. Times in microseconds. */
interface Look extends PresentJob {
  /** How long its figures are written. */
  readonly shown_until_us: number;
  /** How far a history of it is drawn. */
  readonly end_us: number;
}

/** One job as the analyzer follows it: its events, and what was written of it. */
export class TrackedJob {
  readonly events: JobEvents;
  series: JobSeries = NOTHING_WRITTEN;
  /** Earliest time whose figures are to be written anew, microseconds; undefined: none. */
  touched_us: number | undefined;
  /** Whether the job was over when it was last looked at. */
  ended = false;
  readonly #config: TrackingConfig;

  readonly #devices: DeviceWindow;
  /** Newest time that an earlier process wrote. */
  #resumed_ms = Number.NEGATIVE_INFINITY;
  readonly #names: SeriesNames;

  constructor(job: string, store: Store, config: TrackingConfig, devices: DeviceWindow) {
    const { rate_window_steps: window_steps, normal_steps_min, site } = config;
    this.events = new JobEvents(job, store, { site, rates: { window_steps, normal_steps_min } });
    this.#config = config;
    this.#names = new SeriesNames(job);
    this.#devices = devices;
  }

  /** Takes up what an earlier process wrote; `written_us` is when it last did. */
  async resume(store: Store, written_us: number): Promise<void> {
    const { job } = this.events;
    const names = DERIVED_METRICS.map(({ name }) => name);
    const points = this.#config.backfill_points_max;
    const [series, times] = await Promise.all([
      store.query<SeriesIdentity>(namedQuery('derived_series'), { job, names }),
      store.query<{ ts_ms: number }>(namedQuery('derived_times'), { job, points }),
    ]);
    this.series = resumedSeries(
      series,
      times.map(({ ts_ms }) => Number(ts_ms)),
    );
    this.#resumed_ms = this.series.written_ms.at(-1) ?? Number.NEGATIVE_INFINITY;
    this.touched_us = await this.events.refresh(Math.floor(written_us / 1000) - RESUME_OVERLAP_MS);
  }

  /** What a learned baseline would have to share with the job; undefined while it does not say enough of itself. */
  alike(now_us: number): Alike | undefined {
    const { small } = this.events;
    const { merged } = specHistory(small);
    const devices = devicesOf(small, now_us, merged.device_count);
    return alikeOf({ spec: resolveSpec(merged, devices, this.#config.site.hardware_overrides) });
  }

  /** Reads what arrived since the last time; `rows` where that was read already. */
  async refresh(rows?: readonly ReceivedRow[]): Promise<void> {
    const touched_us = rows === undefined ? await this.events.refresh() : this.events.take(rows);
    if (touched_us !== undefined) this.touched_us = Math.min(this.touched_us ?? touched_us, touched_us);
  }

  /** The job as of now, and how long its figures are to be shown. */
  look(now_us: number, surroundings: Surroundings): Look {
    const job = this.#present(now_us, surroundings);
    const { account } = job.view;
    if (account.state === 'ended') {
      const heard_us = Math.max(
        account.newest_event_us ?? 0,
        surroundings.heard_until_us ?? 0,
        this.events.newest_received_ms * 1000,
      );
      const shown_until_us = heard_us + this.#config.ended_visible_s * 1e6;
      return { ...job, shown_until_us, end_us: account.to_us };
    }
    const told_us = account.newest_event_us ?? this.events.newest_received_ms * 1000;
    const shown_until_us = told_us + this.#config.abandoned_after_s * 1e6;
    // when nobody will say any more how it ended, what is known of it reaches to its last word
    return { ...job, shown_until_us, end_us: now_us < shown_until_us ? now_us : told_us };
  }

  /**
   * The points to write now: the present as of now, and in hindsight the past that new events touched or that was never
   * drawn. `pause` is awaited between the points of a history, so that others get their turn.
   */
  async points(now_us: number, surroundings: Surroundings, pause: () => Promise<void>): Promise<Writing> {
    const grid_ms = gridTime(now_us, this.#config.interval_s * 1000);
    const { shown_until_us, end_us, ...job } = this.look(grid_ms * 1000, surroundings);
    const { view, kept, whole } = job;
    this.ended = view.account.state === 'ended';
    const points: SeriesPoint[] = [];
    let { series } = this;
    const write = (ts_ms: number, viewAt: (at_us: number) => LiveView, told: Surroundings) => {
      const isShown = ts_ms * 1000 < shown_until_us;
      const at_us = ts_ms * 1000;
      const devices = this.#devices.toldAt(at_us);
      const samples = isShown ? this.#samples(viewAt(at_us), told, devices) : [];
      // what an earlier process told of the devices then is in the tables, and nowhere else
      const isOfBefore = isShown && devices === null && ts_ms <= this.#resumed_ms;
      const next = pointsAt(series, ts_ms, samples, isOfBefore ? DEVICE_FIGURES : NO_FIGURES);
      points.push(...next.points);
      series = next.series;
    };
    const past = this.#pastTimes(view, Math.min(end_us, grid_ms * 1000 - 1), grid_ms);
    let history: ((at_us: number) => JobView) | undefined;
    const viewBefore = (at_us: number): LiveView => {
      const recent = kept?.before(at_us);
      if (recent !== undefined) return recent;
      history ??= createJobHistory(whole(), this.events.small, liveLimits(this.#config));
      return history(at_us);
    };
    for (const [index, ts_ms] of past.entries()) {
      if (index > 0) await pause();
      // how often the past was classified anew is a figure of the present only
      write(ts_ms, viewBefore, { ...surroundings, revision: undefined });
    }
    await this.#devices.at(view, this.events.small, surroundings.heard_until_us);
    write(grid_ms, () => view, surroundings);
    const written_ms = series.written_ms.slice(-this.#config.backfill_points_max);
    const visible = grid_ms * 1000 < shown_until_us;
    const { rate_window_steps: window_steps, normal_steps_min } = this.#config;
    const taught = learnedBaseline(view, { window_steps, normal_steps_min });
    return { points, series: { ...series, written_ms }, visible, job, alike: alikeOf(view), taught };
  }

  #samples(view: LiveView, told: Surroundings, devices: WindowView | null) {
    const { baseline_tokens_per_s_per_device, revision } = told;
    const { rate_window_steps: window_steps, normal_steps_min } = this.#config;
    const at_us = view.at_us ?? 0;
    const windows = this.events.windows(at_us - COLLECTIVE_SAMPLE_LIMITS.window_us, at_us);
    const collectives = collectivesOf(windows).rows;
    const base = { window_steps, normal_steps_min, baseline_tokens_per_s_per_device };
    const options = { ...base, revision, collectives };
    return samplesOf(view, options, devices, this.#names);
  }

  /** Times before `grid_ms`: written ones that new events touched, and a gap since the last one, or since the start. */
  #pastTimes({ account }: LiveView, until_us: number, grid_ms: number): number[] {
    const { written_ms } = this.series;
    const newest_ms = written_ms.at(-1);
    const touched_us = this.touched_us ?? Number.POSITIVE_INFINITY;
    const again = written_ms.filter((time) => time * 1000 >= touched_us && time < grid_ms);
    const gap_from_us = newest_ms === undefined ? account.from_us : newest_ms * 1000 + 1;
    const limits = {
      interval_ms: this.#config.interval_s * 1000,
      points_max: this.#config.backfill_points_max,
      visits_max: this.#config.backfill_visits_max,
    };
    // a job that is accounted less often than the interval has no gap that a query would see
    if (newest_ms !== undefined && grid_ms - newest_ms <= GAP_MAX_MS) return again;
    if (account.attempts.length === 0 || until_us <= gap_from_us) return again;
    const missing = historyTimes(gap_from_us, until_us, this.events.count, limits);
    return [...again, ...missing.filter((time) => time < grid_ms)];
  }

  #present(
    at_us: number,
    { faults, node_states, heard_until_us, baseline_tokens_per_s_per_device }: Surroundings,
  ): PresentJob {
    const heard = heard_until_us === undefined ? {} : { heard_until_us: Math.min(heard_until_us, at_us) };
    const live = { ...liveLimits(this.#config), ...heard };
    const { site } = this.#config;
    const told = { faults, node_states, baseline_tokens_per_s_per_device };
    const kept = this.events.live.look({ at_us, live, ...told });
    let whole: JobView | undefined;
    const wholeView = () => {
      whole ??= jobView(this.events.all(), { job: this.events.job, at_us, live, site, ...told });
      return whole;
    };
    return { view: kept?.view ?? wholeView(), kept, whole: wholeView };
  }
}

function alikeOf(view: Pick<LiveView, 'spec'>): Alike | undefined {
  const spec = baselineSpec(view);
  const { devices } = view.spec;
  return spec === null || devices === null ? undefined : { spec, devices };
}

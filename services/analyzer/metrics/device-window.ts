import type { JobScopedEvent } from '../../../domain/events.ts';
import type { JobView } from '../../../domain/report/job-view.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import { type TelemetrySummary, telemetrySummary } from '../../../domain/report/telemetry.ts';
import { telemetryRequest } from '../../../domain/report/telemetry-request.ts';
import type { Log } from '../../../platform/log.ts';
import { type DeviceTelemetryConfig, readDeviceBuckets } from '../../../platform/store/device-telemetry.ts';
import type { Store } from '../../../platform/store/store.ts';

/** What the devices of a job did over its newest kept steps; its view restricted to those. */
export type WindowView = Pick<JobView, 'telemetry' | 'kept' | 'measured' | 'spec' | 'site'>;

export interface DeviceWindowConfig {
  /** How far the newest steps reach back that live figures of device telemetry are of, seconds. */
  readonly device_window_s: number;
  /** How long what was read of a job's devices is kept before it is read again, seconds. */
  readonly device_refresh_s: number;
  /** Largest part of its time that the analyzer spends on device telemetry of all jobs; with many, it is read less often. */
  readonly device_time_ratio_max: number;
}

type WindowConfig = DeviceWindowConfig & { readonly device_telemetry: DeviceTelemetryConfig };

/** Shared by all jobs of an analyzer: reading takes its turn, and rests in proportion to what it took. */
export class ReadingBudget {
  readonly #ratio_max: number;
  #free_at_ms = Number.NEGATIVE_INFINITY;

  constructor({ device_time_ratio_max }: Pick<DeviceWindowConfig, 'device_time_ratio_max'>) {
    this.#ratio_max = device_time_ratio_max;
  }

  get isFree(): boolean {
    return performance.now() >= this.#free_at_ms;
  }

  async spend<T>(read: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await read();
    } finally {
      const ended = performance.now();
      this.#free_at_ms = ended + (ended - began) * (1 / this.#ratio_max - 1);
    }
  }
}

/** Below this coverage a window reaches back to before telemetry began, or over a gap of it: a shorter one is taken. */
const COVERED_RATIO = 0.9;
const WINDOW_SHARE_MIN = 1 / 8;

/** How many points of the past keep their figures for when late events make them be written anew. */
const REMEMBERED_MAX = 720;

/**
 * Device telemetry of one followed job, read at most every `device_refresh_s`. What was told of a time is remembered,
 * so that a time that is written anew keeps its figures; those that an earlier process wrote stay as they are.
 */
export class DeviceWindow {
  readonly #store: Store;
  readonly #log: Log;
  readonly #config: WindowConfig;
  readonly #budget: ReadingBudget;
  readonly #told = new Map<number, WindowView | null>();
  #read_us = Number.NEGATIVE_INFINITY;
  #newest: WindowView | null = null;
  #failed = false;
  /** Of the configured window, what is looked back over: it grows as long as there is telemetry of all of it. */
  #share = WINDOW_SHARE_MIN * 2;

  constructor(store: Store, log: Log, config: WindowConfig, budget: ReadingBudget) {
    this.#store = store;
    this.#log = log;
    this.#config = config;
    this.#budget = budget;
  }

  /**
   * As of the view's moment. Null where there is no step in the window, or no telemetry; reading never fails a tick.
   * `heard_until_us`: when anything of the job's nodes was last stored; undefined: never, and nothing need be asked.
   */
  async at(
    view: LiveView,
    events: readonly JobScopedEvent[],
    heard_until_us: number | undefined,
  ): Promise<WindowView | null> {
    const { state, to_us } = view.account;
    if (view.at_us === null || !(state === 'running' || state === 'ended')) return null;
    // a run that is over keeps its last figures, which are read once more
    const now_us = state === 'ended' ? Math.min(to_us, view.at_us) : view.at_us;
    const since_us = now_us - this.#config.device_window_s * 1e6;
    if (heard_until_us === undefined || heard_until_us < since_us) return null;
    const age_us = now_us - this.#read_us;
    const isDue = age_us >= this.#config.device_refresh_s * 1e6 || (state === 'ended' && age_us > 0);
    if (isDue && this.#budget.isFree) {
      this.#read_us = now_us;
      this.#newest = await this.#budget.spend(() => this.#read(view, events, now_us));
    }
    // what could not be read anew for so long is not of the newest steps any more
    if (now_us - this.#read_us > 2 * this.#config.device_window_s * 1e6) this.#newest = null;
    this.#remember(view.at_us, this.#newest);
    return this.#newest;
  }

  /** What was told as of a time before (microseconds). */
  toldAt(at_us: number): WindowView | null {
    return this.#told.get(at_us) ?? null;
  }

  #remember(at_us: number, told: WindowView | null): void {
    if (told === null) return;
    this.#told.set(at_us, told);
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size > REMEMBERED_MAX) this.#told.delete(oldest);
  }

  async #read(view: LiveView, events: readonly JobScopedEvent[], now_us: number): Promise<WindowView | null> {
    const since_us = now_us - this.#share * this.#config.device_window_s * 1e6;
    const { kept, measured } = view.track.since(since_us);
    const [first, last] = [kept[0], kept.at(-1)];
    if (first === undefined || last === undefined) return null;
    // from the first step's start to the last one's end: then energy and tokens are of the same time
    const request = telemetryRequest(view, events, { from_us: first.start_us, to_us: last.end_us });
    if (request === null) return null;
    const telemetry = await this.#summary(view.job, request);
    const covered = (telemetry?.coverage_ratio ?? 1) >= COVERED_RATIO;
    this.#share = covered ? Math.min(1, this.#share * 2) : Math.max(WINDOW_SHARE_MIN, this.#share / 2);
    const { spec, site } = view;
    return telemetry === null ? null : { telemetry, kept, measured, spec, site };
  }

  async #summary(
    job: string,
    request: NonNullable<ReturnType<typeof telemetryRequest>>,
  ): Promise<TelemetrySummary | null> {
    try {
      const buckets = await readDeviceBuckets(this.#store, request, this.#config.device_telemetry);
      this.#failed = false;
      return telemetrySummary(request, buckets, []);
    } catch (error) {
      if (!this.#failed) {
        this.#log.warn('device telemetry of a job could not be read; it is tried again', {
          job,
          error: String(error),
        });
      }
      this.#failed = true;
      return null;
    }
  }
}

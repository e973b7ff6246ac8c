import type { LiveLimits } from '../../domain/ledger/ledger-shape.ts';

export interface AnalyzerConfig {
  /** How often open jobs are accounted and their series written, seconds. Points lie on multiples of it. */
  readonly interval_s: number;
  /** Points a job's history is drawn with when it is accounted for the first time (an import), or since a late event. */
  readonly backfill_points_max: number;
  /** Events x points that drawing one history may cost; a long log is drawn with fewer points. */
  readonly backfill_visits_max: number;
  /** Largest part of its time that the analyzer spends on one job; a larger one is accounted less often. */
  readonly job_time_ratio_max: number;
  /** Points of one insert, and rows of one insert into a result table. */
  readonly insert_points_max: number;
  /** How often a job of which nothing changed but that time goes on is written to the result tables, seconds. */
  readonly results_open_end_s: number;
  /** Rows of one query when the result rows of a job are taken up after a restart. */
  readonly results_read_rows_max: number;
  /** How long the last figures of a job go on being written after its end, or after its log arrived. */
  readonly ended_visible_s: number;
  /** An open job that sent no event for so long is followed no more: its series end. Until then they are as of now. */
  readonly abandoned_after_s: number;
  /**
   * Events of one job beyond which its size is logged, once. All events of a followed job are kept in memory, because
   * its account is of all of them; none is left out, however many there are.
   */
  readonly job_events_large: number;
  /** How long the rate of a baseline job is kept before it is read again. */
  readonly baseline_refresh_s: number;
  /** Steps that a live rate (MFU, tokens per second, linearity) looks back over. */
  readonly rate_window_steps: number;
  /** Kept steps before a job has a normal of its own to be compared with. */
  readonly normal_steps_min: number;
  /** An open step becomes a hang after `hang_factor` medians, but not before `hang_floor_s`. */
  readonly hang_factor: number;
  readonly hang_floor_s: number;
  /** The same before the first step of an attempt, when there is no median yet. */
  readonly hang_before_first_step_s: number;
  /** A job none of whose sources said anything for so long is silent. */
  readonly silent_after_s: number;
  /** How far the newest kept steps reach back that live figures of device telemetry (OFU, energy) are of. */
  readonly device_window_s: number;
  /** How long device telemetry of a job is kept before it is read again. */
  readonly device_refresh_s: number;
  /** Largest part of its time that the analyzer spends on device telemetry of all jobs; with many, it is read less often. */
  readonly device_time_ratio_max: number;
}

export const ANALYZER_DEFAULTS: AnalyzerConfig = {
  interval_s: 5,
  backfill_points_max: 720,
  backfill_visits_max: 20_000_000,
  job_time_ratio_max: 0.2,
  insert_points_max: 50_000,
  results_open_end_s: 30,
  results_read_rows_max: 100_000,
  ended_visible_s: 3600,
  abandoned_after_s: 7 * 86_400,
  job_events_large: 1_000_000,
  baseline_refresh_s: 60,
  rate_window_steps: 20,
  normal_steps_min: 20,
  hang_factor: 10,
  hang_floor_s: 300,
  hang_before_first_step_s: 1800,
  silent_after_s: 900,
  device_window_s: 300,
  device_refresh_s: 30,
  device_time_ratio_max: 0.1,
};

/** How the open end of a job is judged, in the domain's units. */
export function liveLimits(
  config: Pick<
    AnalyzerConfig,
    'hang_factor' | 'hang_floor_s' | 'hang_before_first_step_s' | 'silent_after_s'
  >,
): LiveLimits {
  return {
    hang_factor: config.hang_factor,
    hang_floor_us: config.hang_floor_s * 1e6,
    hang_before_first_step_us: config.hang_before_first_step_s * 1e6,
    silent_after_us: config.silent_after_s * 1e6,
  };
}

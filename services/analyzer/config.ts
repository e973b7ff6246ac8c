export interface AnalyzerConfig {
  /** How often open jobs are accounted and their series written, seconds. */
  readonly interval_s: number;
  /** Points a job's history is drawn with when it is accounted for the first time (an import, a late event). */
  readonly backfill_points_max: number;
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
}

export const ANALYZER_DEFAULTS: AnalyzerConfig = {
  interval_s: 5,
  backfill_points_max: 720,
  rate_window_steps: 20,
  normal_steps_min: 20,
  hang_factor: 10,
  hang_floor_s: 300,
  hang_before_first_step_s: 1800,
  silent_after_s: 900,
};

import type { LEDGER_BUCKETS } from '../catalog/derived-metrics.ts';

export type Bucket = (typeof LEDGER_BUCKETS)[number];
export type JobState = 'starting' | 'running' | 'hang' | 'silent' | 'down' | 'ended';

/** How the open end of a job that still runs is judged (`ledger.md` 2, "Live"). Times in microseconds. */
export interface LiveLimits {
  /** An open step becomes a hang after this many median step times, but not before `hang_floor_us`. */
  readonly hang_factor: number;
  readonly hang_floor_us: number;
  /** The same before the first step of an attempt, when there is no median. */
  readonly hang_before_first_step_us: number;
  /** A job none of whose sources said anything for so long is silent. */
  readonly silent_after_us: number;
  /**
   * When anything was last heard of the job beyond its events (device telemetry of its nodes). Undefined: nothing but
   * its events is known, and an open step that nobody ends is a hang for good and never silence.
   */
  readonly heard_until_us?: number;
}

export const LIVE_DEFAULTS: LiveLimits = {
  hang_factor: 10,
  hang_floor_us: 300e6,
  hang_before_first_step_us: 1800e6,
  silent_after_us: 900e6,
};

/** One stretch of the horizon in exactly one bucket. Segments follow each other without gap or overlap. */
export interface Segment {
  readonly from_us: number;
  readonly to_us: number;
  readonly bucket: Bucket;
  /** Undefined between attempts. */
  readonly attempt: number | undefined;
  /** The step it belongs to, for productive, program_startup, lost_work, in_flight, hang, hang_or_unfinished. */
  readonly step: number | undefined;
  /** Name of a `custom` span. */
  readonly name: string | undefined;
  /** Cause of the loss where an incident accounts for it: lost work, down time, start-up and restore after it. */
  readonly cause: string | undefined;
  /** Devices held during it; undefined when nobody said. */
  readonly devices: number | undefined;
  /** Devices of these that train while a step runs (`capacity`); undefined: all of them. */
  readonly stepping: number | undefined;
}

/** Elastic capacity from the first `capacity` event on: time-weighted shares of the devices held. */
export interface CapacityShares {
  readonly stepping_ratio: number;
  readonly available_ratio: number;
}

/** One execution of a step, or of a line that averages `count` steps. */
export interface StepExecution {
  readonly attempt: number;
  readonly step: number;
  readonly count: number;
  readonly start_us: number;
  readonly end_us: number;
  /** Microseconds of the whole execution that nothing of higher precedence covers (R3): all `count` steps together. */
  readonly net_us: number;
  readonly fate: 'productive' | 'lost_work' | 'in_flight' | 'hang' | 'hang_or_unfinished';
  /** First kept execution of its attempt. */
  readonly first_of_attempt: boolean;
  readonly kind: 'train' | 'eval' | 'warmup' | 'profile';
  /** Tokens of the whole execution over all devices, when the event said. */
  readonly tokens: number | undefined;
  readonly labels: Readonly<Record<string, string | number | boolean>>;
  readonly devices: number | undefined;
}

/** One interruption, with the repair ladder. Times are seconds from `failed_at_us`; null: not reached or not told. */
export interface Incident {
  /** Stable over its life: `<job>/<attempt that failed>`. */
  readonly id: string;
  /** `slowdown`: steps went on, but took longer than their ideal for long; what is counted is until they did not. */
  readonly kind: 'interruption' | 'hang' | 'silence' | 'slowdown';
  /** `ended`: the job was over before progress was regained. */
  readonly state: 'open' | 'recovered' | 'ended';
  /** The attempt that ended. */
  readonly attempt: number;
  readonly failed_at_us: number;
  /** End of the last completed step before it. */
  readonly last_progress_at_us: number | null;
  readonly cause: string | null;
  readonly node: string | null;
  readonly device: string | null;
  readonly planned: boolean;
  readonly lost_steps: number;
  readonly time_to_detect_s: number | null;
  readonly time_to_localize_s: number | null;
  readonly time_to_nodes_ready_s: number | null;
  /** To the next attempt's start. */
  readonly time_to_restart_s: number | null;
  readonly time_to_first_step_s: number | null;
  readonly time_to_regain_progress_s: number | null;
  /** From the last completed step before the failure to regained progress: what the user's training stood still. */
  readonly last_progress_to_regain_s: number | null;
}

/** The account of one job: everything the reports, series and answers are read off. */
export interface Account {
  readonly job: string;
  /** Horizon; equal when nothing started yet. */
  readonly from_us: number;
  readonly to_us: number;
  readonly state: JobState;
  readonly segments: readonly Segment[];
  /** Every execution of a step, in order of start. */
  readonly steps: readonly StepExecution[];
  readonly attempts: readonly {
    readonly attempt: number;
    readonly start_us: number;
    readonly end_us: number | undefined;
  }[];
  readonly incidents: readonly Incident[];
  /** Distinct step numbers of which a completed execution was rolled back. */
  readonly lost_steps: number;
  /** Last completed step: its number and end. */
  readonly last_step: number | null;
  readonly last_progress_at_us: number | null;
  readonly newest_event_us: number | null;
  /** Non-blocking spans by kind, in seconds: they cost nothing and are shown beside. */
  readonly overlapped_s: Readonly<Record<string, number>>;
  readonly ranks_seen: number;
  /** Null for a job that never sent a `capacity` event. */
  readonly capacity: CapacityShares | null;
}

/** The answer of `ledger --json` (`surface.md` 1). Only nonzero buckets. Seconds and device-seconds. */
export interface LedgerJson {
  readonly job: string;
  readonly state: JobState;
  /** The resolved range, microseconds since the epoch. */
  readonly from_us: number;
  readonly to_us: number;
  readonly horizon_s: number;
  readonly buckets_s: Readonly<Partial<Record<Bucket, number>>>;
  /** Productive / (horizon - excluded); null for an empty horizon. */
  readonly goodput_ratio: number | null;
  readonly interruptions: number;
  readonly custom_s: Readonly<Record<string, number>>;
  /** Empty when nobody said how many devices the job holds. */
  readonly device_seconds: Readonly<Partial<Record<Bucket, number>>>;
  /** Productive / (held - excluded) device-seconds: the same ratio with elastic capacity multiplied in. */
  readonly device_goodput_ratio: number | null;
  /** Device-seconds lost by cause, the costliest first; losses without a known cause are not in it. */
  readonly cost_by_cause_device_seconds: Readonly<Record<string, number>>;
  readonly incidents: readonly Incident[];
  readonly windows: readonly LedgerWindow[];
  /** Non-blocking spans by kind over the whole job, seconds: shown beside, they cost nothing. */
  readonly overlapped_s: Readonly<Record<string, number>>;
  readonly capacity: CapacityShares | null;
}

export interface LedgerWindow {
  readonly from_us: number;
  readonly to_us: number;
  readonly buckets_s: Readonly<Partial<Record<Bucket, number>>>;
  readonly goodput_ratio: number | null;
  /** Empty when nobody said how many devices the job holds. They add up over windows, as the seconds do. */
  readonly device_seconds: Readonly<Partial<Record<Bucket, number>>>;
}

import type { JobEvent } from '../events.ts';
import type { StepStatistics } from './throughput.ts';

/** One number a convention; null where it cannot be known (the reason stands in `quality.reasons`). */
export type ByConvention = Readonly<Record<'mm_causal' | 'mm_full' | 'palm' | 'six_n', number | null>>;

/** What the framework printed about itself, never mixed with what is computed here. */
export interface LoggedNumbers {
  /** Median over kept steps of the printed figure; FLOP/s, not TFLOP/s. */
  readonly flops_per_device: number | null;
  readonly mfu_ratio: number | null;
  readonly tokens_per_s_per_device: number | null;
  /** The convention that reproduces the printed FLOP/s within the tolerance, or null. */
  readonly recognised_as: string | null;
  readonly recognised_note: string | null;
  /** The first lines checked one by one, so that a reader can follow the recognition. */
  readonly lines: readonly LoggedLine[];
}

export interface LoggedLine {
  readonly step: number;
  readonly step_s: number;
  readonly tflops_per_device: number;
  readonly recognised_as: string | null;
  readonly hardware_tflops_per_device: number | null;
  readonly hfu_ratio: number | null;
  readonly mfu_ratio: ByConvention | null;
}

export interface Quality {
  readonly ranks_expected: number | null;
  readonly ranks_seen: number;
  readonly newest_event_at: string | null;
  readonly baseline: string | null;
  /** Changes whenever a `job` event changed the spec. */
  readonly spec_version: number;
  /** Share of the horizon that is in a named bucket, i.e. not `other`. */
  readonly coverage_ratio: number | null;
  readonly steps_above_peak: number;
  /** Why a number is null or assumed: field name to sentence. */
  readonly reasons: Readonly<Record<string, string>>;
}

export interface ModelSummary {
  readonly name: string;
  readonly parameters: number;
  readonly active_parameters: number;
  readonly flops_per_token: ByConvention;
}

export interface HardwareSummary {
  readonly name: string;
  readonly dtype: string;
  readonly peak_flops: number | null;
  readonly peak_source: string | null;
}

export interface MttrSummary {
  readonly count: number;
  readonly mean_s: number | null;
  readonly median_s: number | null;
  readonly p90_s: number | null;
}

export type JobState = 'starting' | 'running' | 'hang' | 'silent' | 'down' | 'ended';

/** The answer of `report --json`, `import --json` and `/v1/jobs/{job}`. */
export interface JobReport<Ledger, Incident> {
  readonly job: string;
  readonly state: JobState;
  readonly at: string;
  readonly steps: number;
  readonly attempts: number;
  readonly lost_steps: number;
  readonly devices: number | null;
  readonly spec: Pick<JobEvent, 'hardware' | 'dtype' | 'sequence_length' | 'tokens_per_step' | 'recompute'> & {
    readonly model: string | null;
    readonly batch_sequences_per_device: number | null;
  };
  readonly model: ModelSummary | null;
  readonly hardware: HardwareSummary | null;
  readonly step_s: StepStatistics;
  readonly tokens_per_s: number | null;
  readonly tokens_per_s_per_device: number | null;
  readonly tflops_per_device: ByConvention | null;
  readonly mfu_ratio: ByConvention | null;
  readonly hfu_ratio: number | null;
  readonly logged: LoggedNumbers | null;
  readonly ledger: Ledger | null;
  readonly incidents: readonly Incident[];
  readonly mttr: MttrSummary;
  readonly quality: Quality;
}

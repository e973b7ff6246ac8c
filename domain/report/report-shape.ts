import type { JobEvent } from '../events.ts';
import type { JobState, LedgerJson } from '../ledger/ledger-shape.ts';
import type { ModelFlops } from '../model-flops.ts';
import type { CostReport } from './cost.ts';
import type { EffectiveCompute } from './effective-compute.ts';
import type { EnergyReport } from './energy.ts';
import type { LoggedNumbers } from './logged.ts';
import type { Losses, ReportIncident } from './losses.ts';
import type { MemoryReport } from './memory.ts';
import type { ByConvention } from './rates.ts';
import type { NamedRatios } from './ratios.ts';
import type { ReliabilitySections } from './reliability-sections.ts';
import type { RunTime } from './run-time.ts';
import type { SlowTime } from './slow-time.ts';
import type { StepKinds } from './step-kinds.ts';
import type { StepTime } from './step-time.ts';
import type { TelemetrySummary } from './telemetry.ts';
import type { StepStatistics } from './throughput.ts';
import type { Totals } from './totals.ts';
import type { Verdict } from './verdicts.ts';

export interface Quality {
  /** What the answer was made of: all events of the job. A ledger may be `published` instead: it then says so itself. */
  readonly made_from: 'events';
  /** One rank a device. */
  readonly ranks_expected: number | null;
  readonly ranks_seen: number;
  readonly newest_event_at: string | null;
  /** The baseline that the job names, in words. */
  readonly baseline: string | null;
  /** Changes whenever a `job` event changed the spec; 0 when none arrived. */
  readonly spec_version: number;
  /** Share of the horizon that is in a named bucket, i.e. not `other`. */
  readonly coverage_ratio: number | null;
  /** Kept steps left out of every rate because no device is that fast. */
  readonly steps_above_peak: number;
  /** Why a number is null, assumed or in doubt: field name to sentence. */
  readonly reasons: Readonly<Record<string, string>>;
}

export interface HardwareSummary {
  /** Catalog key, or the given name where the catalog has none; null when nobody named it. */
  readonly name: string | null;
  readonly dtype: string;
  /** FLOP/s of one device, dense. */
  readonly peak_flops: number | null;
  readonly peak_source: string | null;
}

/** The answer of `report --json`, `import --json` and `/v1/jobs/{job}`. Rates are on kept step time, never on wall-clock. */
export interface JobReport extends ReliabilitySections {
  readonly job: string;
  readonly state: JobState;
  /** The moment looked from, RFC 3339; null when nothing was ever heard. */
  readonly at: string | null;
  /** The resolved range of the figures, RFC 3339. */
  readonly from: string | null;
  readonly to: string | null;
  /** Different train steps that were kept. */
  readonly steps: number;
  readonly attempts: number;
  readonly lost_steps: number;
  /** The last completed step, and when it ended, RFC 3339. */
  readonly last_step: number | null;
  readonly last_progress_at: string | null;
  readonly devices: number | null;
  readonly spec: Pick<JobEvent, 'dtype' | 'sequence_length' | 'recompute' | 'parallelism' | 'baseline'> & {
    readonly model: string | null;
    readonly hardware: string | null;
    readonly tokens_per_step: number | null;
    readonly batch_sequences_per_device: number | null;
    readonly labels: JobEvent['labels'];
  };
  /** The object of `flops --json`; null with a reason in `quality`. */
  readonly model: ModelFlops | null;
  readonly hardware: HardwareSummary;
  readonly step_s: StepStatistics;
  readonly tokens_per_s: number | null;
  readonly tokens_per_s_per_device: number | null;
  readonly tflops_per_device: ByConvention | null;
  readonly mfu_ratio: ByConvention | null;
  readonly hfu_ratio: number | null;
  /** MFU against every peak that such a run is shown against, by number format: two for FP8 and FP4. */
  readonly mfu_ratio_by_peak: Readonly<Record<string, ByConvention>> | null;
  /** Tensor activity x SM clock / reference clock on kept step time, from telemetry: MFU cannot truly lie above it. */
  readonly ofu_ratio: number | null;
  /** Its own ideal, the computing alone of its best window, over its step time: an estimate of linearity, no comparison. */
  readonly linearity_estimate_ratio: number | null;
  readonly logged: LoggedNumbers | null;
  /** What is to be said against the figures: logged ones that differ, with what would explain it. */
  readonly verdicts: readonly Verdict[];
  /** The kept steps of the range by what they were (ordinary, first after a start, during a save, ...). */
  readonly step_kinds: StepKinds;
  /** Parts of a step: those waited for, which add up to it, and the hidden ones beside. */
  readonly step_time: StepTime;
  readonly ledger: LedgerJson;
  /** Everything that is called goodput, each with what it divides by what. */
  readonly ratios: NamedRatios;
  /** From paid device-seconds to kept model FLOPs, factor by factor: the waterfall of the whole account. */
  readonly effective_compute: EffectiveCompute;
  /** Every cause with what it cost, the costliest first, performance beside downtime. */
  readonly losses: Losses['losses'];
  /** Incidents that began in the range and what all of their kind cost in it. */
  readonly interruptions_by_kind: Losses['interruptions_by_kind'];
  /** Productive time against its ideal, and why it was longer. */
  readonly slow_time: SlowTime;
  readonly run_time_s: RunTime;
  /** Each with its repair ladder, its cause in columns, and what it cost. */
  readonly incidents: readonly ReportIncident[];
  /** What device telemetry says of the job; null when none was read. */
  readonly telemetry: TelemetrySummary | null;
  readonly energy: EnergyReport | null;
  readonly cost: CostReport | null;
  readonly memory: MemoryReport | null;
  readonly totals: Totals;
  readonly quality: Quality;
}

export type AnyJobReport = JobReport;

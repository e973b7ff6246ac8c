import { type MemoryEstimate, memoryEstimate, ZERO_STAGES } from '../memory-estimate.ts';
import { BadModelConfig, readArchitecture, UnsupportedModel } from '../model-config.ts';
import type { JobView } from './job-view.ts';
import type { TelemetrySummary } from './telemetry.ts';

/** What a device's memory should hold beside what it held. Null is unknown. */
export interface MemoryReport {
  /** Null without a model and a sequence length. */
  readonly estimate: MemoryEstimate | null;
  /** Of the device that used most; null without telemetry. */
  readonly measured: TelemetrySummary['memory'] | null;
  /** Measured use over the estimated total. */
  readonly measured_over_estimate_ratio: number | null;
  /** Of the device, by what it tells, else by the catalog; bytes. */
  readonly capacity_bytes: number | null;
  readonly used_ratio: number | null;
}

/** Null when there is neither an estimate nor a measurement. */
export function memoryOf({ spec, telemetry }: Pick<JobView, 'spec' | 'telemetry'>): MemoryReport | null {
  const estimate = estimateOf(spec);
  const measured = measuredOf(telemetry);
  if (estimate === null && measured === null) return null;
  const used = measured?.used_max_bytes ?? null;
  const capacity_bytes = measured?.total_bytes ?? catalogBytes(spec);
  return {
    estimate,
    measured,
    measured_over_estimate_ratio: ratio(used, estimate?.total_bytes ?? null),
    capacity_bytes,
    used_ratio: ratio(used, capacity_bytes),
  };
}

export function memoryReasons(view: Pick<JobView, 'spec' | 'telemetry'>): Record<string, string> {
  const estimate = estimateOf(view.spec);
  if (estimate === null) return {};
  const { event } = view.spec;
  const reasons: Record<string, string> = { ...estimate.reasons };
  if (event.zero_stage === undefined) {
    reasons['memory'] =
      'zero_stage is not told: the estimate keeps gradients and optimizer state whole on every data parallel rank';
  }
  return reasons;
}

function estimateOf({ event, devices }: JobView['spec']): MemoryEstimate | null {
  const { model, sequence_length, parallelism = {}, recompute, micro_batch_sequences, zero_stage } = event;
  if (model === undefined || sequence_length === undefined) return null;
  const { tp = 1, pp = 1, cp = 1 } = parallelism;
  const dp = devices === null ? undefined : devices / (tp * pp * cp);
  try {
    return memoryEstimate(readArchitecture(model), {
      sequence_length,
      recompute,
      micro_batch_sequences,
      zero_stage: ZERO_STAGES.find((stage) => stage === zero_stage),
      ...parallelism,
      dp: parallelism.dp ?? (dp !== undefined && Number.isInteger(dp) ? dp : undefined),
    });
  } catch (error) {
    // the reason stands under `model`
    if (error instanceof UnsupportedModel || error instanceof BadModelConfig) return null;
    throw error;
  }
}

function measuredOf(telemetry: TelemetrySummary | null): TelemetrySummary['memory'] | null {
  if (telemetry === null || telemetry.is_ambiguous) return null;
  return telemetry.memory.used_max_bytes === null ? null : telemetry.memory;
}

/** Vendors sell memory in units of 2^30 bytes and call them GB. */
function catalogBytes({ hardware }: JobView['spec']): number | null {
  return hardware?.memory_gb == null ? null : hardware.memory_gb * 2 ** 30;
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}

import { findHardware, type HardwareOverride, type HardwareSpec, peakOf } from '../catalog/hardware.ts';
import type { JobEvent } from '../events.ts';
import { BadModelConfig, readArchitecture, UnsupportedModel } from '../model-config.ts';
import { type ModelFlops, modelFlops } from '../model-flops.ts';
import { loggedPeak } from './logged.ts';

/** Trainers of today run bf16 unless they say otherwise; used when a job names no dtype, and said so. */
const ASSUMED_DTYPE = 'bf16';

/** The spec a job's steps are joined with; every part that could not be resolved is null and has a reason. */
export interface ResolvedSpec {
  readonly event: Partial<JobEvent>;
  readonly devices: number | null;
  readonly model: ModelFlops | null;
  readonly hardware: HardwareSpec | null;
  readonly dtype: string;
  readonly peak_flops: number | null;
  readonly peak_source: string | null;
  /** Tokens of one optimizer step over all devices. */
  readonly tokens_per_step: number | null;
  readonly reasons: Readonly<Record<string, string>>;
}

/** `overrides`: what the site says of its devices, which goes before the catalog. */
export function resolveSpec(
  event: Partial<JobEvent>,
  devices: number | null,
  overrides: readonly HardwareOverride[] = [],
): ResolvedSpec {
  const reasons: Record<string, string> = {};
  const dtype = event.dtype ?? ASSUMED_DTYPE;
  if (event.dtype === undefined) reasons['dtype'] = `no dtype given; ${ASSUMED_DTYPE} assumed for the peak`;
  if (devices === null)
    reasons['devices'] = 'no device_count: give --devices, or send it in job or attempt_start';
  const model = resolveModel(event, reasons);
  const { hardware, peak_flops, peak_source } = resolvePeak(event, dtype, overrides, reasons);
  return {
    event,
    devices,
    model,
    hardware,
    dtype,
    peak_flops,
    peak_source,
    tokens_per_step: tokensPerStep(event),
    reasons,
  };
}

function resolveModel(event: Partial<JobEvent>, reasons: Record<string, string>): ModelFlops | null {
  if (event.model === undefined) {
    reasons['model'] = 'no model: give --model, or send it in a job event';
    return null;
  }
  const length = event.packed_lengths ?? event.sequence_length;
  if (length === undefined) {
    reasons['model'] = 'no sequence_length: attention FLOPs depend on it. Give --sequence-length';
    return null;
  }
  try {
    return modelFlops(readArchitecture(event.model), length);
  } catch (error) {
    if (!(error instanceof UnsupportedModel || error instanceof BadModelConfig)) throw error;
    reasons['model'] = error.message;
    return null;
  }
}

function resolvePeak(
  event: Partial<JobEvent>,
  dtype: string,
  overrides: readonly HardwareOverride[],
  reasons: Record<string, string>,
): Pick<ResolvedSpec, 'hardware' | 'peak_flops' | 'peak_source'> {
  const found =
    event.hardware === undefined
      ? { spec: null, reason: 'no hardware: give --hardware, or send it in a job event' }
      : findHardware(event.hardware, overrides);
  if (found.spec === null) return loggedPeakOnly(event, found.reason, reasons);
  const peak = peakOf(found.spec, dtype);
  if (peak.peak_flops === null) reasons['peak_flops'] = peak.reason;
  return { hardware: found.spec, peak_flops: peak.peak_flops, peak_source: peak.source };
}

/** A framework that printed what it divides by is a source too, of the second rank. */
function loggedPeakOnly(
  event: Partial<JobEvent>,
  reason: string,
  reasons: Record<string, string>,
): Pick<ResolvedSpec, 'hardware' | 'peak_flops' | 'peak_source'> {
  const peak_flops = loggedPeak(event.labels ?? {});
  reasons['hardware'] =
    peak_flops === null ? reason : `${reason}; the peak is the one that the framework printed`;
  return { hardware: null, peak_flops, peak_source: peak_flops === null ? null : 'log' };
}

/** What to call the job's model: the name it resolved to, else the name it was given. */
export function modelName({ model, event }: Pick<ResolvedSpec, 'model' | 'event'>): string | null {
  if (model !== null) return model.name;
  return typeof event.model === 'string' ? event.model : null;
}

function tokensPerStep(event: Partial<JobEvent>): number | null {
  if (event.tokens_per_step !== undefined) return event.tokens_per_step;
  const { global_batch_sequences: batch, sequence_length: length } = event;
  return batch === undefined || length === undefined ? null : batch * length;
}

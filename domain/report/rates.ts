import { denominatorsOf } from '../catalog/hardware.ts';
import { flopsPerDevice, hfuRatio, mfuByConvention } from '../mfu.ts';
import { CONVENTIONS, type Convention } from '../model-flops.ts';
import type { ResolvedSpec } from './job-spec.ts';

/** One number a convention; null where it cannot be known (the reason stands in `quality.reasons`). */
export type ByConvention = Readonly<Record<Convention, number | null>>;

export interface EfficiencyRates {
  /** Model TFLOP/s (1e12) of one device; null without a model or a rate. */
  readonly tflops_per_device: ByConvention | null;
  /** Over the dense peak; null without a model, a rate or a peak. */
  readonly mfu_ratio: ByConvention | null;
  /** With the work that recomputation does again; null unless the setting is known. */
  readonly hfu_ratio: number | null;
}

const NOTHING: EfficiencyRates = { tflops_per_device: null, mfu_ratio: null, hfu_ratio: null };

/** What a rate per device (tokens/s) is in FLOP/s and of the peak, for the job's model and hardware. */
export function efficiencyRates(
  tokens_per_s_per_device: number | null,
  { model, peak_flops, event }: Pick<ResolvedSpec, 'model' | 'peak_flops' | 'event'>,
): EfficiencyRates {
  if (model === null || tokens_per_s_per_device === null) return NOTHING;
  const speed = { tokens_per_s: tokens_per_s_per_device, devices: 1, peak_flops };
  return {
    tflops_per_device: byConvention((convention) => {
      const flops = flopsPerDevice(model.flops_per_token[convention], speed);
      return flops === null ? null : flops / 1e12;
    }),
    mfu_ratio: peak_flops === null ? null : mfuByConvention(model, speed),
    hfu_ratio: hfuRatio({ ...speed, model, recompute: event.recompute }),
  };
}

/**
 * The same MFU against every peak that such a run is shown against, by the format of the peak: one, and two for FP8 and
 * FP4, whose denominator the field has not agreed on. Null without a rate, a model or a known device.
 */
export function mfuByPeak(
  tokens_per_s_per_device: number | null,
  { model, hardware, dtype }: Pick<ResolvedSpec, 'model' | 'hardware' | 'dtype'>,
): Readonly<Record<string, ByConvention>> | null {
  if (tokens_per_s_per_device === null || model === null || hardware === null) return null;
  const speed = { tokens_per_s: tokens_per_s_per_device, devices: 1 };
  return Object.fromEntries(
    denominatorsOf(hardware, dtype).map((peak) => [
      peak.dtype,
      mfuByConvention(model, { ...speed, peak_flops: peak.peak_flops }),
    ]),
  );
}

function byConvention(value: (convention: Convention) => number | null): ByConvention {
  return Object.fromEntries(CONVENTIONS.map((name) => [name, value(name)])) as ByConvention;
}

import type { ResolvedSpec } from './job-spec.ts';
import type { TelemetrySummary } from './telemetry.ts';
import { AMBIGUOUS } from './telemetry.ts';

export interface OfuFound {
  /** Tensor activity x SM clock / reference clock, on kept step time: what the hardware did bounds MFU from above. */
  readonly ofu_ratio: number | null;
  readonly reason: string | null;
}

/** OFU of the job's telemetry, or null with the reason. Above 1 is shown: clocks boost above the reference. */
export function ofuOf(
  telemetry: TelemetrySummary | null,
  { hardware }: Pick<ResolvedSpec, 'hardware'>,
): OfuFound {
  if (telemetry === null) return none('no device telemetry of the job was read');
  if (telemetry.is_ambiguous) return none(AMBIGUOUS);
  const { tensor_active_ratio, tensor_active_hz } = telemetry.activity;
  if (tensor_active_ratio === null)
    return none('no device of the job tells its tensor activity during kept steps');
  if (tensor_active_hz === null)
    return none('no device of the job tells its clock together with tensor activity');
  if (hardware === null) return none('the device is not in the catalog: its reference clock is not known');
  if (hardware.reference_clock_mhz === null) {
    return none(`the catalog has no clock at which the peak of ${hardware.name} is stated`);
  }
  return { ofu_ratio: tensor_active_hz / (hardware.reference_clock_mhz * 1e6), reason: null };
}

function none(reason: string): OfuFound {
  return { ofu_ratio: null, reason };
}

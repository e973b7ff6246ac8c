import { findHardware, peakOf } from '../../domain/catalog/hardware.ts';

/** The dense peak that the catalog states, FLOP/s of one device. */
export function peakFor(name: string, dtype: string): number {
  const { spec, reason } = findHardware(name);
  if (spec === null) throw new Error(reason);
  const peak = peakOf(spec, dtype);
  if (peak.peak_flops === null) throw new Error(peak.reason);
  return peak.peak_flops;
}

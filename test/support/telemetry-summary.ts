import type { TelemetrySummary } from '../../domain/report/telemetry.ts';

/**
 * Eight devices of a job whose every device-second is sampled: 600 W and 0.45 tensor activity at the 1,830 MHz at
 * which an H100's peak is stated, on `kept_s` seconds of kept steps; 100 W in `lost_s` seconds of starting up.
 */
export function telemetryOfEight(kept_s: number, lost_s = 0): TelemetrySummary {
  const [kept, lost] = [8 * kept_s, 8 * lost_s];
  return {
    devices: 8,
    placed_by: 'placement',
    is_ambiguous: false,
    held_device_s: { productive: kept, ...(lost === 0 ? {} : { startup: lost }) },
    coverage_ratio: 1,
    energy: {
      source: 'counter',
      joules: 600 * kept + 100 * lost,
      coverage_ratio: 1,
      by_bucket: {
        productive: { joules: 600 * kept, device_s: kept },
        ...(lost === 0 ? {} : { startup: { joules: 100 * lost, device_s: lost } }),
      },
      counter_resets: 0,
    },
    activity: {
      tensor_active_ratio: 0.45,
      sm_clock_hz: 1.83e9,
      tensor_active_hz: 0.45 * 1.83e9,
      coverage_ratio: 1,
    },
    measured_pue: null,
    memory: { used_max_bytes: 70e9, reserved_bytes: 0.5e9, total_bytes: 80 * 2 ** 30 },
  };
}

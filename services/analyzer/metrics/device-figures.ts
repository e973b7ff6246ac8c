import type { DerivedMetricName } from '../../../domain/catalog/derived-metrics.ts';

const FIGURES: readonly DerivedMetricName[] = [
  'headway_job_ofu_ratio',
  'headway_joules_per_token',
  'headway_joules_per_step',
  'headway_job_device_power_watts',
  'headway_flops_per_watt',
];

/** Figures that are read off device telemetry as of a time, and not made anew when that time is written again. */
export const DEVICE_FIGURES: ReadonlySet<string> = new Set(FIGURES);

export const NO_FIGURES: ReadonlySet<string> = new Set();

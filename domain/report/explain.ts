import { LOGGED_TOLERANCE } from '../mfu.ts';
import type { JobView } from './job-view.ts';

/** Steps and segments that an explanation lists; the counts beside them are of all. */
const LISTED_MAX = 200;

/** The inputs of a report, and how its figures are made of them, so that each can be worked out by hand. */
export function explainView({
  history,
  spec,
  account,
  kept,
  measured,
  steps_above_peak,
  steps_unlogged,
}: JobView) {
  const { flops_per_token = null } = spec.model ?? {};
  return {
    formulas: {
      step_s: 'median of (end - start - what blocking spans cover) / count, each step of a line counted',
      tokens_per_s: 'median of tokens / step_s over kept train steps',
      tokens_per_s_per_device: 'median of tokens / step_s / devices over kept train steps',
      tflops_per_device: 'flops_per_token x tokens_per_s_per_device / 1e12',
      mfu_ratio: 'flops_per_token x tokens_per_s_per_device / peak_flops',
      ofu_ratio:
        'mean over kept device-time of tensor activity x SM clock / reference_clock_mhz of the device',
      joules_per_token:
        'energy of productive device-time, filled up to all of it where at least 0.9 is known / tokens of kept steps',
      flops_per_watt: 'flops_per_token x tokens of kept steps / energy of productive device-time',
      facility_joules: 'energy of the devices x pue',
      cost: 'device-seconds held / 3600 x price_per_device_hour',
      per_million_tokens: 'cost of all device-hours held / (tokens of kept steps / 1e6)',
      achieved_ratio:
        'flops_per_token x tokens of measured steps / (peak_flops x device-seconds of those steps)',
      sustained_ratio:
        'flops_per_token x tokens of kept steps / (peak_flops x device-seconds held - excluded)',
      goodput_ratio: 'productive / (horizon - excluded), seconds',
      mtbf: 'exposure / count of the variant; interval: exposure / chi-square limits of the count (Garwood, 95 %)',
      checkpoint_interval:
        'Young sqrt(2 d M); Daly with its higher terms; Saxena Ts + sqrt(2 (Tf + Tr) Ts + Ts^2); d: mean blocking time of a save, M: running_time_unplanned',
      d_ettr_d_ln: '-productive x seconds of the phase / (horizon - excluded)^2',
      slo_burn: '(1 - productive / (horizon - excluded - in_flight)) / (1 - target)',
      step_deviation: 'p90 of the newest 100 step times over (and minus) the median of the 1,000 before',
      recognised_as: `the way of counting whose FLOPs come within ${LOGGED_TOLERANCE} of the logged TFLOP/s`,
    },
    spec: history.merged,
    spec_version: history.version,
    spec_changed_at_us: history.changed_at_us ?? null,
    flops_per_token,
    peak_flops: spec.peak_flops,
    peak_source: spec.peak_source,
    lines_kept: kept.length,
    steps_unlogged,
    steps_above_peak,
    newest_steps: measured.slice(-LISTED_MAX).map(({ labels: _, compute_s, ...step }) => ({
      ...step,
      compute_s: compute_s ?? null,
    })),
    segments_count: account.segments.length,
    newest_segments: account.segments.slice(-LISTED_MAX),
  };
}

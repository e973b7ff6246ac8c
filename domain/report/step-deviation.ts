import { median, quantile, type Weighted } from '../statistics.ts';
import type { KeptStep } from './throughput.ts';

/** The newest steps against those before them, as Google's ml-goodput-measurement counts (v0.2.3, `goodput_utils.py`). */
export interface StepDeviation {
  /** p90 of the newest steps over the median of those before: 1 where nothing changed. Null with a reason. */
  readonly ratio: number | null;
  /** Their difference, seconds. */
  readonly difference_s: number | null;
  readonly recent_p90_s: number | null;
  readonly before_median_s: number | null;
  /** Steps that each rests on. */
  readonly recent_steps: number;
  readonly before_steps: number;
  readonly reason: string | null;
}

export interface DeviationLimits {
  readonly recent_steps: number;
  readonly before_steps: number;
  /** Fewer steps before say nothing of what is usual. */
  readonly before_steps_min: number;
}

export const DEVIATION_DEFAULTS: DeviationLimits = {
  recent_steps: 100,
  before_steps: 1000,
  before_steps_min: 100,
};

/** @param measured kept train steps, oldest first; a line that averages several steps stands for as many */
export function stepDeviation(
  measured: readonly Pick<KeptStep, 'step_s' | 'count'>[],
  limits: DeviationLimits = DEVIATION_DEFAULTS,
): StepDeviation {
  const recent: Weighted[] = [];
  const before: Weighted[] = [];
  let seen = 0;
  const end = limits.recent_steps + limits.before_steps;
  for (let index = measured.length - 1; index >= 0 && seen < end; index--) {
    const step = measured[index];
    if (step === undefined) break;
    const ofRecent = Math.min(step.count, Math.max(0, limits.recent_steps - seen));
    const ofBefore = Math.min(step.count - ofRecent, end - seen - ofRecent);
    recent.push({ value: step.step_s, count: ofRecent });
    before.push({ value: step.step_s, count: ofBefore });
    seen += step.count;
  }
  const counts = { recent_steps: weight(recent), before_steps: weight(before) };
  const recent_p90_s = quantile(recent, 0.9) ?? null;
  const before_median_s = median(before) ?? null;
  const known = { recent_p90_s, before_median_s, ...counts };
  if (recent_p90_s === null || before_median_s === null || counts.before_steps < limits.before_steps_min) {
    const reason = `fewer than ${limits.recent_steps + limits.before_steps_min} measured steps: there is no usual step time to compare with`;
    return { ratio: null, difference_s: null, ...known, reason };
  }
  const ratio = before_median_s > 0 ? recent_p90_s / before_median_s : null;
  return { ratio, difference_s: recent_p90_s - before_median_s, ...known, reason: null };
}

function weight(sample: readonly Weighted[]): number {
  return sample.reduce((sum, { count }) => sum + count, 0);
}

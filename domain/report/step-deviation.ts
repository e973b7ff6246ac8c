import { quantileOf } from '../statistics.ts';
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
  const newest = new NewestTimes(limits);
  for (let index = measured.length - 1; index >= 0 && !newest.isFull; index--) {
    const step = measured[index];
    if (step !== undefined) newest.push(step.step_s, step.count);
  }
  return newest.deviation();
}

/** Times of steps from the newest on back, until there are enough. */
export class NewestTimes {
  readonly #limits: DeviationLimits;
  #seen = 0;
  readonly #recent: number[] = [];
  readonly #recentCounts: number[] = [];
  readonly #before: number[] = [];
  readonly #beforeCounts: number[] = [];

  constructor(limits: DeviationLimits = DEVIATION_DEFAULTS) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#seen >= this.#limits.recent_steps + this.#limits.before_steps;
  }

  push(step_s: number, count: number): void {
    const { recent_steps, before_steps } = this.#limits;
    const ofRecent = Math.min(count, Math.max(0, recent_steps - this.#seen));
    const ofBefore = Math.min(count - ofRecent, recent_steps + before_steps - this.#seen - ofRecent);
    if (ofRecent > 0) {
      this.#recent.push(step_s);
      this.#recentCounts.push(ofRecent);
    }
    if (ofBefore > 0) {
      this.#before.push(step_s);
      this.#beforeCounts.push(ofBefore);
    }
    this.#seen += count;
  }

  deviation(): StepDeviation {
    const recent_p90_s = quantileAt(this.#recent, this.#recentCounts, 0.9);
    const before_median_s = quantileAt(this.#before, this.#beforeCounts, 0.5);
    const counts = { recent_steps: sum(this.#recentCounts), before_steps: sum(this.#beforeCounts) };
    return deviationOf(recent_p90_s, before_median_s, counts, this.#limits);
  }
}

function deviationOf(
  recent_p90_s: number | null,
  before_median_s: number | null,
  counts: Pick<StepDeviation, 'recent_steps' | 'before_steps'>,
  limits: DeviationLimits,
): StepDeviation {
  const known = { recent_p90_s, before_median_s, ...counts };
  if (recent_p90_s === null || before_median_s === null || counts.before_steps < limits.before_steps_min) {
    const reason = `fewer than ${limits.recent_steps + limits.before_steps_min} measured steps: there is no usual step time to compare with`;
    return { ratio: null, difference_s: null, ...known, reason };
  }
  const ratio = before_median_s > 0 ? recent_p90_s / before_median_s : null;
  return { ratio, difference_s: recent_p90_s - before_median_s, ...known, reason: null };
}

function quantileAt(values: readonly number[], counts: readonly number[], q: number): number | null {
  return quantileOf(values, counts, q) ?? null;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

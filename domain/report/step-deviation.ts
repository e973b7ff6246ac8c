import { median, quantile, quantileOfColumn, type Weighted } from '../statistics.ts';
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
  /** Entries of all, the newest first; how often each stands where it is not once. */
  readonly #times: Float64Array;
  #length = 0;
  #counts: Float64Array | undefined;

  constructor(limits: DeviationLimits = DEVIATION_DEFAULTS) {
    this.#limits = limits;
    this.#times = new Float64Array(limits.recent_steps + limits.before_steps);
  }

  get isFull(): boolean {
    return this.#seen >= this.#times.length;
  }

  push(step_s: number, count: number): void {
    if (count !== 1) this.#counts ??= new Float64Array(this.#times.length).fill(1);
    if (this.#counts !== undefined) this.#counts[this.#length] = count;
    this.#times[this.#length++] = step_s;
    this.#seen += count;
  }

  /** Steps that stand once each, the newest first; none is more than there is room for. */
  pushEach(times_s: Float64Array): void {
    const part = times_s.subarray(0, Math.max(0, this.#times.length - this.#seen));
    this.#times.set(part, this.#length);
    this.#length += part.length;
    this.#seen += part.length;
  }

  deviation(): StepDeviation {
    return this.#counts === undefined ? this.#ofOnes() : this.#ofCounted(this.#counts);
  }

  #ofOnes(): StepDeviation {
    const { recent_steps } = this.#limits;
    const recent = this.#times.slice(0, Math.min(recent_steps, this.#length));
    const before = this.#times.slice(recent.length, this.#length);
    const counts = { recent_steps: recent.length, before_steps: before.length };
    return deviationOf(
      quantileOfColumn(recent, 0.9) ?? null,
      quantileOfColumn(before, 0.5) ?? null,
      counts,
      this.#limits,
    );
  }

  #ofCounted(told: Float64Array): StepDeviation {
    const { recent_steps, before_steps } = this.#limits;
    const recent: Weighted[] = [];
    const before: Weighted[] = [];
    let seen = 0;
    for (let index = 0; index < this.#length; index++) {
      const [value, count] = [this.#times[index] ?? 0, told[index] ?? 1];
      const ofRecent = Math.min(count, Math.max(0, recent_steps - seen));
      recent.push({ value, count: ofRecent });
      before.push({
        value,
        count: Math.min(count - ofRecent, recent_steps + before_steps - seen - ofRecent),
      });
      seen += count;
    }
    const counts = { recent_steps: weight(recent), before_steps: weight(before) };
    return deviationOf(quantile(recent, 0.9) ?? null, median(before) ?? null, counts, this.#limits);
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

function weight(sample: readonly Weighted[]): number {
  return sample.reduce((sum, { count }) => sum + count, 0);
}

import { type Execution, hasStartupInside, isProgress } from '../executions.ts';
import { isUndone, type UsualSteps } from '../program-startup.ts';
import type { StepTimes } from '../usual-step.ts';
import { WeightedMultiset } from './weighted-multiset.ts';

const IS_WHOLE = 1;
const IS_OF_JOB = 2;
const IS_OF_ATTEMPT = 4;
const IS_LOST = 8;

/** What the steps of a stretch say about how long steps take, as `usualStep` would look at each. */
export interface StepSamples {
  readonly value_us: Float64Array;
  readonly count: Float64Array;
  readonly launch: Uint32Array;
  readonly flags: Uint8Array;
}

/**
 * @param executions of a stretch, in order
 * @param offset position of the first of them in `times`
 * @param isFirstKept whether an execution is the first kept one of its attempt, which is compared with the others
 */
export function samplesOf(
  executions: readonly Execution[],
  { net_us, own_us }: StepTimes,
  offset: number,
  isFirstKept: (execution: Execution) => boolean,
): StepSamples {
  const size = executions.length;
  const samples = {
    value_us: new Float64Array(size),
    count: new Float64Array(size),
    launch: new Uint32Array(size),
    flags: new Uint8Array(size),
  };
  for (const [index, execution] of executions.entries()) {
    const net = net_us[offset + index] ?? 0;
    if (net === 0 || !isProgress(execution) || hasStartupInside(execution)) continue;
    const { launch, count, start_us, end_us, completed, fate } = execution;
    samples.value_us[index] = (own_us[offset + index] ?? net) / count;
    samples.count[index] = count;
    samples.launch[index] = launch;
    samples.flags[index] =
      (net === end_us - start_us ? IS_WHOLE : 0) |
      (completed ? IS_OF_JOB : 0) |
      (fate === 'productive' && !isFirstKept(execution) ? IS_OF_ATTEMPT : 0) |
      (isUndone(execution) ? IS_LOST : 0);
  }
  return samples;
}

class Sample {
  readonly #whole = new WeightedMultiset();
  readonly #rest = new WeightedMultiset();

  change(isWhole: boolean, value: number, count: number, isAdded: boolean): void {
    const set = isWhole ? this.#whole : this.#rest;
    if (isAdded) set.add(value, count);
    else set.remove(value, count);
  }

  /** As `usualStep`: of executions that nothing interrupted, where there are such. */
  median(): number | undefined {
    return this.#whole.total > 0 ? this.#whole.median() : this.#rest.median();
  }
}

/** The step times of a job and of each of its attempts, to take medians of while stretches come and go. */
export class StepStatistics implements UsualSteps {
  readonly #job = new Sample();
  readonly #kept = new Map<number, Sample>();
  readonly #lost = new Map<number, Sample>();
  readonly #changes = new Map<number, number>();

  add(samples: StepSamples): void {
    this.#change(samples, true);
  }

  remove(samples: StepSamples): void {
    this.#change(samples, false);
  }

  /** Microseconds a completed step of the job usually takes; undefined without one. */
  ofJob(): number | undefined {
    return this.#job.median();
  }

  /** The same of an attempt's kept steps, its first one aside. */
  kept(launch: number): number | undefined {
    return this.#kept.get(launch)?.median();
  }

  /** The same of an attempt's steps that were rolled back. */
  lost(launch: number): number | undefined {
    return this.#lost.get(launch)?.median();
  }

  /** Goes up whenever steps of an attempt come or go. */
  changesOf(launch: number): number {
    return this.#changes.get(launch) ?? 0;
  }

  #change({ value_us, count, launch, flags }: StepSamples, isAdded: boolean): void {
    let last = -1;
    for (let index = 0; index < flags.length; index++) {
      const flag = flags[index] ?? 0;
      if (flag === 0) continue;
      const own = launch[index] ?? 0;
      if (own !== last) this.#changes.set(own, this.changesOf(own) + 1);
      last = own;
      const [value, weight] = [value_us[index] ?? 0, count[index] ?? 0];
      const isWhole = (flag & IS_WHOLE) !== 0;
      if ((flag & IS_OF_JOB) !== 0) this.#job.change(isWhole, value, weight, isAdded);
      if ((flag & IS_OF_ATTEMPT) !== 0) {
        sampleOf(this.#kept, own).change(isWhole, value, weight, isAdded);
      }
      if ((flag & IS_LOST) !== 0) {
        sampleOf(this.#lost, own).change(isWhole, value, weight, isAdded);
      }
    }
  }
}

function sampleOf(samples: Map<number, Sample>, launch: number): Sample {
  const known = samples.get(launch) ?? new Sample();
  samples.set(launch, known);
  return known;
}

import { quantileOf } from '../statistics.ts';
import type { KeptStep } from './throughput.ts';

/** The newest kept steps that together stand for at least `steps_min` steps; fewer when there are fewer. */
export function newestSteps<Step extends Pick<KeptStep, 'count'>>(
  steps: readonly Step[],
  steps_min: number,
): Step[] {
  let begin = steps.length;
  for (let seen = 0; begin > 0 && seen < steps_min; begin--) seen += steps[begin - 1]?.count ?? 0;
  return steps.slice(begin);
}

export interface SustainedOptions {
  /** Steps of one window. */
  readonly window_steps: number;
  /** Steps that must exist before there is a best window to speak of. */
  readonly steps_min: number;
  /** Whether a large figure is the good one (a rate) or a small one (a time). */
  readonly best: 'highest' | 'lowest';
}

/**
 * The learned normal of a figure: the median of the best window of consecutive steps. A median of a whole window
 * shrugs off single odd steps, and the best window does not follow a slow decline down, so a degraded job is not
 * compared with its own degradation. Null until `steps_min` steps tell the figure.
 *
 * @param figureOf the step's figure; undefined where it does not tell one
 */
export function bestSustained(
  steps: readonly KeptStep[],
  figureOf: (step: KeptStep) => number | undefined,
  options: SustainedOptions,
): number | null {
  return bestWindow(steps, figureOf, options)?.value ?? null;
}

export interface BestWindow {
  /** The median of the window. */
  readonly value: number;
  /** Its steps, in order. */
  readonly steps: readonly KeptStep[];
}

/** The same with the window that it is the median of. */
export function bestWindow(
  steps: readonly KeptStep[],
  figureOf: (step: KeptStep) => number | undefined,
  options: SustainedOptions,
): BestWindow | null {
  const windows = new SustainedWindows(options);
  for (const step of steps) windows.push(step, figureOf(step));
  return windows.best();
}

/** Full windows, side by side, of steps that come one by one; a rest at the end is too short to be sustained. */
export class SustainedWindows {
  readonly #options: SustainedOptions;
  #told = 0;
  #steps: KeptStep[] = [];
  #values: number[] = [];
  #seen = 0;
  #best: BestWindow | null = null;

  constructor(options: SustainedOptions) {
    this.#options = options;
  }

  /** @param value the step's figure; undefined where it does not tell one */
  push(step: KeptStep, value: number | undefined): void {
    if (value === undefined) return;
    const { window_steps, best } = this.#options;
    this.#told += step.count;
    this.#seen += step.count;
    this.#steps.push(step);
    this.#values.push(value);
    if (this.#seen < window_steps) return;
    const middle = quantileOf(
      this.#values,
      this.#steps.map(({ count }) => count),
      0.5,
    );
    const before = this.#best;
    if (middle !== undefined) {
      const isBetter =
        before === null || (best === 'highest' ? middle > before.value : middle < before.value);
      if (isBetter) this.#best = { value: middle, steps: this.#steps };
    }
    this.#steps = [];
    this.#values = [];
    this.#seen = 0;
  }

  /** Null until enough steps told the figure. */
  best(): BestWindow | null {
    return this.#told < this.#options.steps_min ? null : this.#best;
  }

  /** Another one that goes on from here. */
  clone(): SustainedWindows {
    const windows = new SustainedWindows(this.#options);
    windows.#told = this.#told;
    windows.#steps = [...this.#steps];
    windows.#values = [...this.#values];
    windows.#seen = this.#seen;
    windows.#best = this.#best;
    return windows;
  }
}

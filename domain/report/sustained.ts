import { median, type Weighted } from '../statistics.ts';
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
  { window_steps, steps_min, best }: SustainedOptions,
): BestWindow | null {
  const told = steps.flatMap((step) => {
    const value = figureOf(step);
    return value === undefined ? [] : [{ step, value, count: step.count }];
  });
  if (told.reduce((sum, { count }) => sum + count, 0) < steps_min) return null;
  let found: BestWindow | null = null;
  for (const window of windowsOf(told, window_steps)) {
    const value = median(window);
    if (value === undefined) continue;
    const isBetter = found === null || (best === 'highest' ? value > found.value : value < found.value);
    if (isBetter) found = { value, steps: window.map(({ step }) => step) };
  }
  return found;
}

/** Full windows, side by side; a rest at the end is too short to be sustained. */
function windowsOf<Item extends Weighted>(sample: readonly Item[], window_steps: number): Item[][] {
  const windows: Item[][] = [];
  let open: Item[] = [];
  let seen = 0;
  for (const item of sample) {
    open.push(item);
    seen += item.count;
    if (seen < window_steps) continue;
    windows.push(open);
    open = [];
    seen = 0;
  }
  return windows;
}

import { scalingEstimate } from './compute-share.ts';
import { type KeptWork, keptWork } from './kept-work.ts';
import { type BaselineWindow, baselineWindow } from './learned-baseline.ts';
import { type LiveOptions, type LiveRates, liveRates } from './live-rates.ts';
import { type StepDeviation, stepDeviation } from './step-deviation.ts';
import { newestSteps } from './sustained.ts';
import type { KeptStep } from './throughput.ts';

/**
 * What live figures are made of that look at all kept train steps of a job, so that a job that is kept up to date can
 * answer without having all of them in hand.
 */
export interface KeptTrack {
  work(): KeptWork;
  /** The newest measured steps that together stand for at least so many; fewer when there are fewer. */
  newest(steps_min: number): readonly KeptStep[];
  /** Kept steps that began at or after a time (microseconds), and those of them that rates are made of. */
  since(time_us: number): { readonly kept: readonly KeptStep[]; readonly measured: readonly KeptStep[] };
  deviation(): StepDeviation;
  /** Of the steps of the present specification; null without any. */
  rates(options: LiveOptions): LiveRates | null;
  /** Live linearity without a baseline; null without phases. */
  scaling(options: LiveOptions): number | null;
  /** The best window of the present specification on as many devices as now. */
  baseline(options: LiveOptions): BaselineWindow | null;
}

/**
 * @param kept train steps, oldest first
 * @param measured those of them that rates are made of
 * @param changed_at_us since when the job is of its present specification; undefined: always
 */
export function trackOf(
  kept: readonly KeptStep[],
  measured: readonly KeptStep[],
  changed_at_us: number | undefined,
): KeptTrack {
  return {
    work: () => keptWork(kept),
    newest: (steps_min) => newestSteps(measured, steps_min),
    since: (time_us) => ({ kept: begunSince(kept, time_us), measured: begunSince(measured, time_us) }),
    deviation: () => stepDeviation(measured),
    rates(options) {
      const steps = ofPresentSpec(measured, changed_at_us);
      return steps.length === 0 ? null : liveRates(steps, options);
    },
    scaling: (options) => scalingEstimate(ofPresentSpec(measured, changed_at_us), options),
    baseline: (options) => baselineWindow(measured, changed_at_us, options),
  };
}

/** The end of a list in order of time. */
function begunSince(steps: readonly KeptStep[], time_us: number): readonly KeptStep[] {
  let from = steps.length;
  while (from > 0 && (steps[from - 1]?.start_us ?? 0) >= time_us) from--;
  return steps.slice(from);
}

function ofPresentSpec(
  measured: readonly KeptStep[],
  changed_at_us: number | undefined,
): readonly KeptStep[] {
  if (changed_at_us === undefined) return measured;
  const present = measured.filter(({ start_us }) => start_us >= changed_at_us);
  // a change that lies after the moment looked from has not happened yet
  return present.length === 0 ? measured : present;
}

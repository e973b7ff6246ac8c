import {
  dalyInterval,
  expectedEttr,
  expectedOverhead,
  saxenaInterval,
  youngInterval,
} from '../checkpoint-interval.ts';
import type { Incident } from '../ledger/ledger-shape.ts';
import type { Interval } from '../poisson.ts';
import type { CheckpointOperation } from './checkpoint-groups.ts';
import type { SaveInterval } from './checkpoints.ts';
import { mttrOf } from './mttr.ts';
import type { FailureRates } from './reliability.ts';

/** An interval with what it would be at the ends of the interval of the mean time between failures; seconds. */
export interface AdvisedInterval {
  /** Null where nothing failed yet: then only `low_s` is known. */
  readonly interval_s: number | null;
  readonly low_s: number | null;
  readonly high_s: number | null;
}

export interface ExpectedCost {
  /** Training time between two saves, seconds. */
  readonly interval_s: number;
  /** Share of time that saves, lost work and recovery are expected to take. */
  readonly overhead_ratio: number;
  /** Meta's E[ETTR]; null where failures come faster than the formula holds for. */
  readonly ettr_ratio: number | null;
}

export interface CheckpointAdvice {
  readonly inputs: {
    /** Mean blocking time of one save of the tier, and how many it is the mean of. */
    readonly save_s: number | null;
    readonly saves: number;
    /** Mean time from a failure to the next step: restore and restart. */
    readonly recovery_s: number | null;
    /** `running_time_unplanned`. */
    readonly mtbf_s: number | null;
    readonly mtbf_interval: Interval | null;
    readonly confidence: number;
  };
  /** Training time between saves, sqrt(2 d M). */
  readonly young: AdvisedInterval;
  /** Training time between saves, with the higher terms. */
  readonly daly: AdvisedInterval;
  /** From save start to save start, availability-optimal. */
  readonly saxena: AdvisedInterval;
  readonly now: ExpectedCost | null;
  /** At Young's interval, where the overhead is least. */
  readonly optimum: ExpectedCost | null;
  /** What to do with the interval in use; `fine` where it lies within Young's interval of confidence. */
  readonly verdict: 'save_more_often' | 'save_less_often' | 'fine' | null;
  readonly reason: string | null;
}

export interface AdviceInputs {
  /** Saves of one tier. */
  readonly saves: readonly CheckpointOperation[];
  readonly interval: SaveInterval;
  readonly reliability: FailureRates;
  readonly incidents: readonly Incident[];
  readonly clock_is_made_up: boolean;
}

const UNKNOWN: AdvisedInterval = { interval_s: null, low_s: null, high_s: null };

/** How often this job should save, from what its saves and its failures cost so far. */
export function checkpointAdvice(given: AdviceInputs): CheckpointAdvice {
  const { saves, interval, reliability, incidents } = given;
  const { mtbf_s, interval: mtbf_interval, confidence } = reliability.mtbf.running_time_unplanned;
  const blocked_us = saves.reduce((sum, { blocking_us }) => sum + blocking_us, 0);
  const save_s = saves.length === 0 ? null : blocked_us / 1e6 / saves.length;
  const recovery_s = mttrOf(incidents).mean_s;
  const inputs = { save_s, saves: saves.length, recovery_s, mtbf_s, mtbf_interval, confidence };
  const nothing = { young: UNKNOWN, daly: UNKNOWN, saxena: UNKNOWN, now: null, optimum: null, verdict: null };
  const missing = missingReason(given, save_s);
  if (save_s === null || missing !== null) return { inputs, ...nothing, reason: missing };
  const advised = (of: (mtbf_s: number) => number): AdvisedInterval => ({
    interval_s: mtbf_s === null ? null : of(mtbf_s),
    low_s: mtbf_interval === null ? null : of(mtbf_interval.low),
    high_s: mtbf_interval?.high == null ? null : of(mtbf_interval.high),
  });
  const young = advised((mean_s) => youngInterval(save_s, mean_s));
  const cost = (interval_s: number | null): ExpectedCost | null => {
    if (interval_s === null || interval_s <= 0 || mtbf_s === null || recovery_s === null) return null;
    const costs = { save_s, mtbf_s, recovery_s };
    const ettr = expectedEttr(interval_s, costs);
    return {
      interval_s,
      overhead_ratio: expectedOverhead(interval_s, costs),
      ettr_ratio: ettr >= 0 ? ettr : null,
    };
  };
  const training_s = interval.in_use_s === null ? null : interval.in_use_s - save_s;
  return {
    inputs,
    young,
    daly: advised((mean_s) => dalyInterval(save_s, mean_s)),
    saxena: recovery_s === null ? UNKNOWN : advised((mean_s) => saxenaInterval(save_s, mean_s, recovery_s)),
    now: cost(training_s),
    optimum: cost(young.interval_s),
    verdict: verdictOf(training_s, young),
    reason:
      mtbf_s === null
        ? 'nothing failed unplanned yet: only the shortest interval worth saving at is known'
        : null,
  };
}

function missingReason(
  { saves, clock_is_made_up, reliability }: AdviceInputs,
  save_s: number | null,
): string | null {
  if (clock_is_made_up)
    return 'the log carries no time: neither what saves cost nor how often it failed is known';
  if (saves.length === 0 || save_s === null) return 'no checkpoint save (span ckpt_save) is known';
  if (save_s === 0) return 'saves run beside training and block nothing: as often as storage allows is best';
  if (reliability.mtbf.running_time_unplanned.interval === null) return 'the job did not run yet';
  return null;
}

function verdictOf(
  training_s: number | null,
  { low_s, high_s }: AdvisedInterval,
): CheckpointAdvice['verdict'] {
  if (training_s === null || low_s === null) return null;
  if (training_s < low_s) return 'save_less_often';
  if (high_s === null) return null;
  return training_s > high_s ? 'save_more_often' : 'fine';
}

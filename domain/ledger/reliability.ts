import { LEDGER_BUCKETS } from '../catalog/derived-metrics.ts';
import { type Interval, meanTimeInterval } from '../poisson.ts';
import type { Bucket, LedgerJson } from './ledger-shape.ts';

/** Computing and saving, kept or not: what "running time" means in mean time between interruptions. */
export const RUNNING_BUCKETS: readonly Bucket[] = [
  'productive',
  'program_startup',
  'lost_work',
  'in_flight',
  'ckpt_save',
];

/**
 * Mean time between interruptions over running time (compute and checkpoint), seconds; null without an interruption:
 * the time until the first one is not known to be that long only. Elapsed-time MTBI is horizon / interruptions.
 */
export function mtbiRunningTime(ledger: Pick<LedgerJson, 'buckets_s' | 'interruptions'>): number | null {
  return ledger.interruptions === 0 ? null : runningTime(ledger.buckets_s) / ledger.interruptions;
}

/** Node-seconds in running jobs / interruptions, for a job on `nodes` nodes; null without an interruption. */
export function nodeMtbf(
  ledger: Pick<LedgerJson, 'buckets_s' | 'interruptions'>,
  nodes: number,
): number | null {
  const mtbi_s = mtbiRunningTime(ledger);
  return mtbi_s === null ? null : mtbi_s * nodes;
}

/** Seconds of computing and saving, kept or not. */
export function runningTime(buckets_s: LedgerJson['buckets_s']): number {
  return RUNNING_BUCKETS.reduce((sum, bucket) => sum + (buckets_s[bucket] ?? 0), 0);
}

/** Share of the error budget spent: (1 - goodput) / (1 - target). Above 1 the target is missed. */
export function budgetBurn(goodput_ratio: number, target_ratio: number): number {
  return (1 - goodput_ratio) / (1 - target_ratio);
}

/** The bucket that costs most, `productive` and `excluded` aside; ties go to the one named first in the ledger. */
export function topWaste(buckets: Readonly<Partial<Record<Bucket, number>>>): Bucket | null {
  let top: Bucket | null = null;
  for (const bucket of LEDGER_BUCKETS) {
    if (bucket === 'productive' || bucket === 'excluded') continue;
    if ((buckets[bucket] ?? 0) > (top === null ? 0 : (buckets[top] ?? 0))) top = bucket;
  }
  return top;
}

/** One mean time between failures, never without its formula. */
export interface Mtbf {
  /** Seconds; null with a reason where nothing failed yet. */
  readonly mtbf_s: number | null;
  readonly count: number;
  /** What is above the line: seconds, or node-seconds for the variants of nodes; null where not known. */
  readonly exposure_s: number | null;
  readonly formula: string;
  /** Exact, at `confidence`; without a failure the one-sided lower end alone. Null where the exposure is not known. */
  readonly interval: Interval | null;
  readonly confidence: number;
  readonly reason: string | null;
}

/** Two-sided; one-sided where nothing failed. */
export const MTBF_CONFIDENCE = 0.95;

/**
 * Mean time between failures: exposure over their count, with its exact interval (`domain/poisson.ts`).
 *
 * @param missing why the exposure is not known, where it is not
 */
export function mtbf(exposure_s: number | null, count: number, formula: string, missing = 'not known'): Mtbf {
  const common = { count, exposure_s, formula, confidence: MTBF_CONFIDENCE };
  if (exposure_s === null) return { mtbf_s: null, ...common, interval: null, reason: missing };
  if (exposure_s <= 0)
    return { mtbf_s: null, ...common, interval: null, reason: 'there is no time to divide by yet' };
  const interval = meanTimeInterval(exposure_s, count, MTBF_CONFIDENCE);
  if (count > 0) return { mtbf_s: exposure_s / count, ...common, interval, reason: null };
  const reason = 'nothing failed yet: the time so far bounds it from below and estimates nothing';
  return { mtbf_s: null, ...common, interval, reason };
}

import { LEDGER_BUCKETS } from '../catalog/derived-metrics.ts';
import type { Bucket, LedgerJson } from './ledger-shape.ts';

/** Computing and saving, kept or not: what "running time" means in mean time between interruptions. */
const RUNNING: readonly Bucket[] = ['productive', 'program_startup', 'lost_work', 'in_flight', 'ckpt_save'];

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

function runningTime(buckets_s: LedgerJson['buckets_s']): number {
  return RUNNING.reduce((sum, bucket) => sum + (buckets_s[bucket] ?? 0), 0);
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

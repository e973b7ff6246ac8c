import { LEDGER_BUCKETS } from '../catalog/derived-metrics.ts';
import type { Bucket } from './ledger-shape.ts';

/** What each bucket holds, in whatever unit: seconds, microseconds, device-seconds. */
export type BucketSums = ReadonlyMap<Bucket, number>;

export function totalOf(sums: BucketSums): number {
  let total = 0;
  for (const value of sums.values()) total += value;
  return total;
}

/** Productive / (whole - excluded), in whatever unit the sums are; null where nothing is left to divide by. */
export function goodputOf(sums: BucketSums): number | null {
  const whole = totalOf(sums) - (sums.get('excluded') ?? 0);
  return whole === 0 ? null : (sums.get('productive') ?? 0) / whole;
}

/** Microseconds as seconds. */
export function inSeconds(sums: BucketSums): BucketSums {
  return new Map([...sums].map(([bucket, us]) => [bucket, us / 1e6]));
}

/** Only nonzero buckets, in the order of the ledger. */
export function inOrder(sums: BucketSums): Partial<Record<Bucket, number>> {
  const ordered: Partial<Record<Bucket, number>> = {};
  for (const bucket of LEDGER_BUCKETS) {
    const value = sums.get(bucket) ?? 0;
    if (value !== 0) ordered[bucket] = value;
  }
  return ordered;
}

/** Causes by what they cost, the costliest first; equal ones by name. */
export function rankedCauses(sums: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
}

import type { Bucket, LedgerJson } from '../ledger/ledger-shape.ts';

const STEP_BUCKETS = [
  'productive',
  'program_startup',
  'lost_work',
  'in_flight',
] as const satisfies readonly Bucket[];
const BEFORE_STEPS = ['init', 'startup', 'prep'] as const satisfies readonly Bucket[];

/** The horizon in four parts, seconds; they sum to it. `custom` is by name, as the job called it (`evaluation`). */
export interface RunTime {
  readonly total: number;
  /** Time in steps, kept or not. */
  readonly steps: number;
  readonly custom: Readonly<Record<string, number>>;
  /** Initialisation and start-up, before an attempt's first step. */
  readonly before_steps: number;
  readonly other: number;
}

export function runTimeOf({ horizon_s, buckets_s, custom_s }: LedgerJson): RunTime {
  const steps = sumOf(STEP_BUCKETS, buckets_s);
  const before_steps = sumOf(BEFORE_STEPS, buckets_s);
  const custom = buckets_s.custom ?? 0;
  return {
    total: horizon_s,
    steps,
    custom: custom_s,
    before_steps,
    other: horizon_s - steps - before_steps - custom,
  };
}

function sumOf(buckets: readonly Bucket[], seconds: LedgerJson['buckets_s']): number {
  return buckets.reduce((sum, bucket) => sum + (seconds[bucket] ?? 0), 0);
}

import type { Bucket, LedgerJson } from '../ledger/ledger-shape.ts';

const STEP_BUCKETS = [
  'productive',
  'program_startup',
  'lost_work',
  'in_flight',
] as const satisfies readonly Bucket[];

/** The horizon in coarse parts, seconds: total = init + run, and run = steps + custom + other. */
export interface RunTime {
  readonly total: number;
  /** Initialisation, which benchmarks keep out of the run. */
  readonly init: number;
  readonly run: number;
  /** Time in steps, kept or not. */
  readonly steps: number;
  /** Blocking work by its name (`eval`). */
  readonly custom: Readonly<Record<string, number>>;
  /** The rest, which the buckets of the ledger break down: saves, start-up, down time. */
  readonly other: number;
}

export function runTimeOf({ horizon_s, buckets_s, custom_s }: LedgerJson): RunTime {
  const init = buckets_s.init ?? 0;
  const run = horizon_s - init;
  const steps = STEP_BUCKETS.reduce((sum, bucket) => sum + (buckets_s[bucket] ?? 0), 0);
  return {
    total: horizon_s,
    init,
    run,
    steps,
    custom: custom_s,
    other: run - steps - (buckets_s.custom ?? 0),
  };
}

import type { Account, Beat, Slowdown } from './beat.ts';

/** A stretch of time and what it was, without the events that told of it. */
export type TrueStretch = Pick<Beat, 'from_us' | 'to_us' | 'account' | 'failure' | 'slowdown'>;

export interface TrueIncident {
  readonly failed_at_us: number;
  readonly cause: string;
  readonly node: string | null;
  readonly device: string | null;
  /** Null: has not come about yet. */
  readonly time_to_detect_s: number | null;
  readonly time_to_first_step_s: number | null;
  readonly time_to_regain_progress_s: number | null;
}

export interface ClusterTruth {
  readonly job: string;
  readonly at_us: number;
  readonly device_count: number;
  readonly horizon_s: number;
  /** Wall seconds by ledger bucket; only those that are not empty. They sum to the horizon. */
  readonly buckets_s: Readonly<Record<string, number>>;
  readonly device_seconds: Readonly<Record<string, number>>;
  readonly goodput_ratio: number | null;
  readonly interruptions: number;
  readonly last_step: number | null;
  readonly incidents: readonly TrueIncident[];
  readonly slowdowns: readonly (Slowdown & { readonly from_us: number; readonly to_us: number })[];
  /**
   * True while steps go on. In the middle of a hang or a repair the truth knows more than anybody could have reported
   * by then (which rung this is, that the step will never end), so a comparison has to wait until it is settled.
   */
  readonly settled: boolean;
}

type StepStretch = TrueStretch & { readonly account: Extract<Account, { kind: 'step' }> };

const US_PER_S = 1e6;

/**
 * The account of a run at `at_us`, worked out from what the simulator did rather than from what it reported, and
 * without the ledger's code: the rules R1-R9 of the ledger, restated for a story whose stretches never overlap.
 */
export function trueAccount(
  job: string,
  device_count: number,
  stretches: readonly TrueStretch[],
  at_us: number,
): ClusterTruth {
  const past = stretches.filter((one) => one.from_us < at_us).map((one) => clipped(one, at_us));
  const buckets_us = new Map<string, number>();
  const add = (bucket: string, us: number) => {
    if (us !== 0) buckets_us.set(bucket, (buckets_us.get(bucket) ?? 0) + us);
  };
  const steps = past.filter(isStep);
  const kept = keptSteps(steps);
  const last = past.at(-1);
  for (const one of past) add(bucketOf(one, kept, last), length_us(one));
  for (const us of slowStarts(kept)) {
    add('productive', -us);
    add('program_startup', us);
  }
  const horizon_us = past.reduce((sum, one) => sum + length_us(one), 0);
  const buckets_s = Object.fromEntries([...buckets_us].map(([bucket, us]) => [bucket, us / US_PER_S]));
  return {
    job,
    at_us,
    device_count,
    horizon_s: horizon_us / US_PER_S,
    buckets_s,
    device_seconds: Object.fromEntries(
      Object.entries(buckets_s).map(([name, s]) => [name, s * device_count]),
    ),
    goodput_ratio: horizon_us === 0 ? null : (buckets_us.get('productive') ?? 0) / horizon_us,
    interruptions: Math.max(0, past.filter(isLaunch).length - 1),
    last_step: steps.findLast((one) => one.account.completed)?.account.step ?? null,
    incidents: incidents(past, steps),
    slowdowns: slowdowns(past),
    settled: last !== undefined && isStep(last) && !hangs(stretches, at_us),
  };
}

function clipped(one: TrueStretch, at_us: number): TrueStretch {
  if (one.to_us <= at_us) return one;
  const account = one.account.kind === 'step' ? { ...one.account, completed: false } : one.account;
  return { ...one, to_us: at_us, account };
}

/** Whether the stretch under way at `at_us` belongs to a step that will never end. */
function hangs(stretches: readonly TrueStretch[], at_us: number): boolean {
  const now = stretches.find((one) => one.from_us < at_us && one.to_us > at_us);
  return now?.account.kind === 'step' && !now.account.completed;
}

function isStep(one: TrueStretch): one is StepStretch {
  return one.account.kind === 'step';
}

/** Completed steps that no later attempt did again. */
function keptSteps(steps: readonly StepStretch[]): ReadonlySet<StepStretch> {
  const kept = new Set<StepStretch>();
  let redone_from = Number.POSITIVE_INFINITY;
  let attempt = Number.POSITIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const one of steps.toReversed()) {
    if (one.account.attempt !== attempt) {
      redone_from = Math.min(redone_from, lowest);
      attempt = one.account.attempt;
    }
    lowest = one.account.step;
    if (one.account.completed && one.account.step < redone_from) kept.add(one);
  }
  return kept;
}

function bucketOf(one: TrueStretch, kept: ReadonlySet<TrueStretch>, last: TrueStretch | undefined): string {
  if (one.account.kind === 'bucket') return one.account.bucket;
  if (kept.has(one)) return 'productive';
  return !one.account.completed && last !== undefined && isSameStep(one, last) ? 'in_flight' : 'lost_work';
}

function isSameStep(one: TrueStretch, other: TrueStretch): boolean {
  if (!isStep(one) || !isStep(other)) return false;
  return one.account.attempt === other.account.attempt && one.account.step === other.account.step;
}

function isLaunch(one: TrueStretch): boolean {
  return one.account.kind === 'bucket' && one.account.bucket === 'startup';
}

/** For each attempt, by how much its first kept step exceeded the median of its other kept ones. */
function slowStarts(kept: ReadonlySet<StepStretch>): number[] {
  const attempts = new Map<number, StepStretch[]>();
  for (const one of kept) {
    const steps = attempts.get(one.account.attempt);
    if (steps === undefined) attempts.set(one.account.attempt, [one]);
    else steps.push(one);
  }
  return [...attempts.values()].flatMap((steps) => {
    const [first, ...others] = steps.toSorted((a, b) => a.from_us - b.from_us).map(length_us);
    const usual = median(others);
    return first === undefined || usual === undefined || first <= usual ? [] : [first - usual];
  });
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

function incidents(past: readonly TrueStretch[], steps: readonly StepStretch[]): TrueIncident[] {
  return past.flatMap((one, index) => {
    const { failure } = one;
    if (failure === undefined) return [];
    const failed_at_us = one.from_us;
    const after = (us: number | undefined) => (us === undefined ? null : (us - failed_at_us) / US_PER_S);
    const before = steps.filter((step) => step.account.completed && step.to_us <= failed_at_us);
    const highest = before.reduce((top, step) => Math.max(top, step.account.step), 0);
    const next = steps.find((step) => step.from_us >= failed_at_us);
    const again = steps.find(
      (step) => step.from_us >= failed_at_us && step.account.completed && step.account.step >= highest,
    );
    const nothingLost = next !== undefined && next.account.step > highest;
    return {
      failed_at_us,
      cause: failure.cause,
      node: failure.device?.node ?? null,
      device: failure.device?.uid ?? null,
      time_to_detect_s: after(index < past.length - 1 ? one.to_us : undefined),
      time_to_first_step_s: after(next?.from_us),
      time_to_regain_progress_s: after(nothingLost ? next.from_us : again?.to_us),
    };
  });
}

function slowdowns(past: readonly TrueStretch[]): (Slowdown & { from_us: number; to_us: number })[] {
  const found: (Slowdown & { from_us: number; to_us: number })[] = [];
  let before: Slowdown | undefined;
  for (const { slowdown, account, from_us, to_us } of past) {
    // a checkpoint in the middle does not end a slow episode
    if (slowdown === undefined && account.kind === 'bucket' && account.bucket === 'ckpt_save') continue;
    const open = found.at(-1);
    if (slowdown !== undefined && slowdown === before && open !== undefined) open.to_us = to_us;
    else if (slowdown !== undefined) found.push({ ...slowdown, from_us, to_us });
    before = slowdown;
  }
  return found;
}

function length_us(one: TrueStretch): number {
  return one.to_us - one.from_us;
}

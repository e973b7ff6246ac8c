import { type BucketSums, goodputOf, inOrder, inSeconds, rankedCauses, totalOf } from './bucket-sums.ts';
import { deviceSeconds } from './device-seconds.ts';
import type { Account, Bucket, LedgerJson, LedgerWindow, Segment } from './ledger-shape.ts';
import { type AccountFigures, clipped, type Timeline } from './timeline.ts';

export interface LedgerOptions {
  /** Look at `[from_us, to_us)` of the account; default: its whole horizon. */
  readonly from_us?: number;
  readonly to_us?: number;
  /** Cut the range into windows of one size from its start; the last one may be shorter. */
  readonly windows_us?: { readonly size_us: number; readonly count_max: number };
}

/** More windows were asked for than the caller allows. */
export class TooManyWindows extends RangeError {
  constructor(count: number, count_max: number) {
    super(
      `the range has ${count} windows of that size; at most ${count_max} are answered. Take longer windows.`,
    );
    this.name = 'TooManyWindows';
  }
}

/**
 * The ledger of an account over a range: seconds and device-seconds by bucket, goodput, incidents, cost by cause.
 * Ledgers of adjacent ranges add up to that of the whole, to the microsecond. Of a range that reaches beyond the
 * horizon, only what lies inside counts.
 *
 * @throws TooManyWindows
 */
export function ledgerOf(account: Account, options: LedgerOptions = {}): LedgerJson {
  const from_us = options.from_us ?? account.from_us;
  const to_us = Math.max(options.to_us ?? account.to_us, from_us);
  const segments = clipped(account.segments, from_us, to_us);
  const windows =
    options.windows_us === undefined ? [] : windowsOf(segments, from_us, to_us, options.windows_us);
  return { ...ledgerFrom(account, segments, from_us, to_us), windows };
}

/** The same of a range of an account that need not have its segments in hand; without windows. */
export function ledgerBetween(
  account: AccountFigures,
  timeline: Timeline,
  from_us: number,
  to_us: number,
): LedgerJson {
  return ledgerFrom(account, timeline.rows(from_us, to_us), from_us, to_us);
}

function ledgerFrom(
  account: AccountFigures,
  segments: readonly Segment[],
  from_us: number,
  to_us: number,
): LedgerJson {
  const sums = bucketSums(segments);
  const costs = deviceSeconds(segments) ?? [];
  const held = byBucket(costs);
  const isWhole = from_us <= account.from_us && to_us >= account.to_us;
  return {
    job: account.job,
    state: account.state,
    from_us,
    to_us,
    horizon_s: totalOf(sums) / 1e6,
    buckets_s: inOrder(inSeconds(sums)),
    goodput_ratio: goodputOf(sums),
    interruptions: isWhole ? Math.max(0, account.attempts.length - 1) : restartsIn(account, from_us, to_us),
    custom_s: customSeconds(segments),
    device_seconds: inOrder(inSeconds(held)),
    device_goodput_ratio: goodputOf(held),
    cost_by_cause_device_seconds: costByCause(costs),
    incidents: account.incidents.filter((incident) => {
      return isWhole || (incident.failed_at_us >= from_us && incident.failed_at_us < to_us);
    }),
    windows: [],
    overlapped_s: account.overlapped_s,
    capacity: account.capacity,
  };
}

/** Microseconds by bucket. */
export function bucketSums(segments: readonly Segment[]): BucketSums {
  const sums = new Map<Bucket, number>();
  for (const { bucket, from_us, to_us } of segments)
    sums.set(bucket, (sums.get(bucket) ?? 0) + to_us - from_us);
  return sums;
}

/** Device-microseconds. */
function byBucket(costs: readonly { bucket: Bucket; device_us: number }[]): Map<Bucket, number> {
  const sums = new Map<Bucket, number>();
  for (const { bucket, device_us } of costs) sums.set(bucket, (sums.get(bucket) ?? 0) + device_us);
  return sums;
}

function costByCause(
  costs: readonly { cause: string | undefined; device_us: number }[],
): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { cause, device_us } of costs) {
    if (cause !== undefined) sums.set(cause, (sums.get(cause) ?? 0) + device_us);
  }
  return rankedCauses(new Map([...sums].map(([cause, device_us]) => [cause, device_us / 1e6])));
}

function customSeconds(segments: readonly Segment[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { bucket, name, from_us, to_us } of segments) {
    if (bucket === 'custom') sums.set(name ?? 'custom', (sums.get(name ?? 'custom') ?? 0) + to_us - from_us);
  }
  return Object.fromEntries([...sums].sort().map(([name, us]) => [name, us / 1e6]));
}

/** Attempts after the first that start in the range: so that ranges add up. */
function restartsIn(account: AccountFigures, from_us: number, to_us: number): number {
  const last_us = to_us >= account.to_us ? Number.POSITIVE_INFINITY : to_us;
  return account.attempts.slice(1).filter(({ start_us }) => start_us >= from_us && start_us < last_us).length;
}

function windowsOf(
  segments: readonly Segment[],
  from_us: number,
  to_us: number,
  { size_us, count_max }: { readonly size_us: number; readonly count_max: number },
): LedgerWindow[] {
  const count = Math.ceil((to_us - from_us) / size_us);
  if (!(count <= count_max)) throw new TooManyWindows(count, count_max);
  return Array.from({ length: count }, (_, index) => {
    const begin_us = from_us + index * size_us;
    const end_us = Math.min(begin_us + size_us, to_us);
    const own = clipped(segments, begin_us, end_us);
    const sums = bucketSums(own);
    return {
      from_us: begin_us,
      to_us: end_us,
      buckets_s: inOrder(inSeconds(sums)),
      goodput_ratio: goodputOf(sums),
      device_seconds: inOrder(inSeconds(byBucket(deviceSeconds(own) ?? []))),
    };
  });
}

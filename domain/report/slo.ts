import type { BURN_WINDOWS } from '../catalog/reliability-metrics.ts';
import { type BucketSums, inOrder, inSeconds, totalOf } from '../ledger/bucket-sums.ts';
import { bucketSums } from '../ledger/ledger.ts';
import type { Bucket, LedgerJson } from '../ledger/ledger-shape.ts';
import { budgetBurn } from '../ledger/reliability.ts';
import type { LiveView } from './live-view.ts';

/** Stretches that burn rates are given for, seconds. */
export const BURN_WINDOWS_S = {
  '5m': 300,
  '30m': 1800,
  '1h': 3600,
  '6h': 21_600,
  '3d': 259_200,
} as const satisfies Readonly<Record<BurnWindow, number>>;
export type BurnWindow = (typeof BURN_WINDOWS)[number];

/**
 * Burn rates that raise an alert when the long and the short window agree. The usual table (14.4, 6, 1) is made for
 * 99.9 %: of a target of 90 % the highest burn there is, is 10. These can fire for targets of 90 to 97 %.
 */
export const BURN_ALERTS = [
  { severity: 'page', burn: 6, long: '1h', short: '5m' },
  { severity: 'ticket', burn: 3, long: '6h', short: '30m' },
  { severity: 'info', burn: 1, long: '3d', short: '6h' },
] as const satisfies readonly {
  severity: string;
  burn: number;
  long: BurnWindow;
  short: BurnWindow;
}[];

export interface BurnRate {
  /** Error budget used in the window over what the window is given: 1 uses it up exactly. Null with too short a run. */
  readonly burn_ratio: number | null;
  readonly goodput_ratio: number | null;
  /** Whether the run is as long as the window. */
  readonly is_covered: boolean;
}

export interface BurnAlert {
  readonly severity: (typeof BURN_ALERTS)[number]['severity'];
  readonly burn: number;
  readonly windows: readonly [BurnWindow, BurnWindow];
  readonly firing: boolean;
  /** Share of the long window that must be lost for it. */
  readonly fires_at_loss_ratio: number;
  /** False where even a total outage does not burn so fast: the target is too low for this rate. */
  readonly can_fire: boolean;
}

/** The goodput that a job is held to, and what is left of what it may lose. */
export interface Slo {
  readonly target_ratio: number;
  /** Who set it: the `job` event, or the site for all its jobs. */
  readonly source: 'job' | 'site';
  /** Productive over judged time of the range: what is excluded, or still under way, is not judged. */
  readonly goodput_ratio: number | null;
  readonly error_budget_ratio: number;
  /** Seconds of the range that may be lost, and were; `left_s` is below 0 where the target is missed. */
  readonly budget_s: number;
  readonly spent_s: number;
  readonly left_s: number;
  /** Spent over budget. */
  readonly spent_ratio: number | null;
  /** The highest burn there is: that of a total outage. */
  readonly burn_max: number;
  /** Up to the moment looked from. */
  readonly burn: Readonly<Record<BurnWindow, BurnRate>>;
  readonly alerts: readonly BurnAlert[];
}

/** Null where nobody set a target. */
export function sloOf(view: LiveView, ledger: LedgerJson): Slo | null {
  const target = targetOf(view);
  if (target === null) return null;
  const { target_ratio } = target;
  const judged = judgedOf(ledger);
  const isKnown = !view.clock_is_made_up && view.account.attempts.length > 0;
  const budget_s = isKnown ? judged.judged_s * (1 - target_ratio) : 0;
  const spent_s = isKnown ? judged.judged_s - judged.productive_s : 0;
  const goodput_ratio = isKnown ? judged.goodput_ratio : null;
  const burn = burnRates(view, ledger, target_ratio, isKnown);
  const burn_max = 1 / (1 - target_ratio);
  return {
    ...target,
    goodput_ratio,
    error_budget_ratio: 1 - target_ratio,
    budget_s,
    spent_s,
    left_s: budget_s - spent_s,
    spent_ratio: goodput_ratio === null ? null : budgetBurn(goodput_ratio, target_ratio),
    burn_max,
    burn,
    alerts: BURN_ALERTS.map(({ severity, burn: rate, long, short }) => ({
      severity,
      burn: rate,
      windows: [long, short],
      firing: [long, short].every((window) => (burn[window].burn_ratio ?? 0) > rate),
      fires_at_loss_ratio: rate / burn_max,
      can_fire: rate < burn_max,
    })),
  };
}

function targetOf({ spec, site }: LiveView): Pick<Slo, 'target_ratio' | 'source'> | null {
  const { goodput_target_ratio } = spec.event;
  if (goodput_target_ratio !== undefined) return { target_ratio: goodput_target_ratio, source: 'job' };
  const fleet = site.goodput_target_ratio ?? null;
  return fleet === null ? null : { target_ratio: fleet, source: 'site' };
}

interface Judged {
  readonly productive_s: number;
  readonly judged_s: number;
  readonly goodput_ratio: number | null;
}

/** A step under way is neither good nor bad yet; when it hangs, it is no longer `in_flight`. */
function judgedOf({ buckets_s, horizon_s }: Pick<LedgerJson, 'buckets_s' | 'horizon_s'>): Judged {
  const productive_s = buckets_s.productive ?? 0;
  const judged_s = horizon_s - (buckets_s.excluded ?? 0) - (buckets_s.in_flight ?? 0);
  return { productive_s, judged_s, goodput_ratio: judged_s > 0 ? productive_s / judged_s : null };
}

function burnRates(
  { account, timeline }: LiveView,
  told: LedgerJson,
  target_ratio: number,
  isKnown: boolean,
): Slo['burn'] {
  const { from_us, to_us } = account;
  const windows = Object.entries(BURN_WINDOWS_S) as [BurnWindow, number][];
  const rates = new Map<BurnWindow, BurnRate>();
  // each window ends now and holds the shorter one before it: of the account, every stretch is summed up once
  const sums = new Map<Bucket, number>();
  let summed_us = to_us;
  for (const [window, length_s] of windows.sort(([, a], [, b]) => a - b)) {
    const begin_us = to_us - length_s * 1e6;
    const is_covered = isKnown && begin_us >= from_us;
    // a window longer than the run is the run, which is mostly accounted for already
    const isTold = !is_covered && told.from_us <= from_us && told.to_us >= to_us;
    if (isKnown && !isTold) {
      const since_us = Math.max(from_us, begin_us);
      add(sums, bucketSums(timeline.rows(since_us, summed_us)));
      summed_us = since_us;
    }
    const { goodput_ratio } = isKnown ? judgedOf(isTold ? told : inWindow(sums)) : NOTHING_JUDGED;
    const burn_ratio = is_covered && goodput_ratio !== null ? budgetBurn(goodput_ratio, target_ratio) : null;
    rates.set(window, { burn_ratio, goodput_ratio, is_covered });
  }
  const rate = (window: BurnWindow): BurnRate => rates.get(window) ?? NOTHING_JUDGED;
  return { '5m': rate('5m'), '30m': rate('30m'), '1h': rate('1h'), '6h': rate('6h'), '3d': rate('3d') };
}

const NOTHING_JUDGED: BurnRate = { burn_ratio: null, goodput_ratio: null, is_covered: false };

function add(sums: Map<Bucket, number>, more: BucketSums): void {
  for (const [bucket, us] of more) sums.set(bucket, (sums.get(bucket) ?? 0) + us);
}

function inWindow(sums: BucketSums): Pick<LedgerJson, 'buckets_s' | 'horizon_s'> {
  return { buckets_s: inOrder(inSeconds(sums)), horizon_s: totalOf(sums) / 1e6 };
}

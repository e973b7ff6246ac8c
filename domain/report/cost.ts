import type { LedgerJson } from '../ledger/ledger-shape.ts';
import type { JobView } from './job-view.ts';
import { keptWork } from './kept-work.ts';

/** What the devices held over the range cost, in `currency`. Every device-hour held is paid for, excluded ones too. */
export interface CostReport {
  readonly price_per_device_hour: number;
  /** Undetermined where nobody named it. */
  readonly currency: string | null;
  readonly price_source: 'job' | 'configured';
  readonly total: number;
  readonly by_bucket: Readonly<Record<string, number>>;
  /** Of losses that an incident accounts for, the costliest first. */
  readonly by_cause: Readonly<Record<string, number>>;
  /** In buckets that are neither productive, nor undecided, nor excluded. */
  readonly lost: number;
  /** The total over the tokens of kept steps. */
  readonly per_million_tokens: number | null;
}

const NOT_LOST = new Set(['productive', 'in_flight', 'excluded']);

/** Null without a price, a device count or a clock; the reason is `costReasons`'. */
export function costOf(
  view: Pick<JobView, 'spec' | 'site' | 'kept' | 'clock_is_made_up'>,
  ledger: LedgerJson,
): CostReport | null {
  const price = priceOf(view);
  const held = Object.entries(ledger.device_seconds);
  if (price === null || held.length === 0 || view.clock_is_made_up) return null;
  const { price_per_device_hour } = price;
  const cost = (device_s: number) => (device_s / 3600) * price_per_device_hour;
  const by_bucket = Object.fromEntries(held.map(([bucket, device_s]) => [bucket, cost(device_s)]));
  const total = sum(Object.values(by_bucket));
  const { tokens } = keptWork(view.kept);
  return {
    ...price,
    total,
    by_bucket,
    by_cause: Object.fromEntries(
      Object.entries(ledger.cost_by_cause_device_seconds).map(([cause, device_s]) => [cause, cost(device_s)]),
    ),
    lost: sum(Object.entries(by_bucket).map(([bucket, amount]) => (NOT_LOST.has(bucket) ? 0 : amount))),
    per_million_tokens: tokens === null || tokens <= 0 ? null : total / (tokens / 1e6),
  };
}

export function costReasons(
  view: Pick<JobView, 'spec' | 'site' | 'kept' | 'clock_is_made_up'>,
  ledger: LedgerJson,
): Record<string, string> {
  if (priceOf(view) === null) {
    return { cost: 'no price: send price_per_device_hour in a job event, or set site.price_per_device_hour' };
  }
  if (view.clock_is_made_up)
    return { cost: 'the log carries no time: how long devices were held is not known' };
  if (Object.keys(ledger.device_seconds).length === 0)
    return { cost: 'how many devices were held is not known' };
  return {};
}

/** The price of the job itself, else of the site; null where neither is told. */
export function priceOf({
  spec,
  site,
}: Pick<JobView, 'spec' | 'site'>): Pick<
  CostReport,
  'price_per_device_hour' | 'currency' | 'price_source'
> | null {
  const { currency } = site;
  const own = spec.event.price_per_device_hour;
  if (own !== undefined) return { price_per_device_hour: own, currency, price_source: 'job' };
  const configured = site.price_per_device_hour;
  return configured === null
    ? null
    : { price_per_device_hour: configured, currency, price_source: 'configured' };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

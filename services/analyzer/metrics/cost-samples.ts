import { deviceSeconds } from '../../../domain/ledger/device-seconds.ts';
import { priceOf } from '../../../domain/report/cost.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import type { SampleList } from './metric-sample.ts';

/** What the devices held so far cost, by bucket and cause; nothing without a price. */
export function addCostSamples(list: SampleList, view: LiveView): void {
  const price = priceOf(view);
  if (price === null || view.clock_is_made_up) return;
  const { price_per_device_hour, currency } = price;
  const rows = view.timeline.rows(view.account.from_us, view.account.to_us);
  let total = 0;
  for (const { bucket, cause, device_s } of deviceSeconds(rows) ?? []) {
    const cost = (device_s / 3600) * price_per_device_hour;
    total += cost;
    list.add('headway_job_cost', cost, { bucket, cause: cause ?? '', currency: currency ?? '' });
  }
  const { tokens } = view.track.work();
  if (tokens === null || tokens <= 0 || total === 0) return;
  list.add('headway_cost_per_million_tokens', total / (tokens / 1e6), { currency: currency ?? '' });
}

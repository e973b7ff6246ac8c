import type { BaselineReference } from '../../../domain/events.ts';
import { jobReport } from '../../../domain/report/job-report.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Store } from '../../../platform/store/store.ts';
import { JobEvents } from './job-events.ts';

/** Tokens per second per device of the baselines that jobs name. */
export interface Baselines {
  rateOf(reference: BaselineReference | undefined): Promise<number | null>;
}

export function createBaselines(store: Store, clock: Clock, refresh_s: number): Baselines {
  const read = new Map<string, { rate: number | null; at_us: number }>();
  return {
    async rateOf(reference) {
      if (reference === undefined) return null;
      if (!('job' in reference)) return reference.tokens_per_s_per_device;
      const now_us = clock.now_us();
      const known = read.get(reference.job);
      if (known !== undefined && now_us - known.at_us < refresh_s * 1e6) return known.rate;
      const events = new JobEvents(reference.job, store);
      await events.refresh();
      const report =
        events.events.length === 0 ? null : jobReport(events.events, { job: reference.job, now_us });
      const rate = report?.tokens_per_s_per_device ?? null;
      read.set(reference.job, { rate, at_us: now_us });
      return rate;
    },
  };
}

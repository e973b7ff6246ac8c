import { type BaselineReference, isJobScoped } from '../../../domain/events.ts';
import { jobReport } from '../../../domain/report/job-report.ts';
import {
  type BaselineSpec,
  baselineAmong,
  isBetter,
  type LearnedBaseline,
} from '../../../domain/report/learned-baseline.ts';
import type { Clock } from '../../../platform/clock.ts';
import { type EventRow, eventOfRow } from '../../../platform/store/event-rows.ts';
import {
  keepLinearityBaseline,
  readLinearityBaselines,
} from '../../../platform/store/linearity-baselines.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';

/** Tokens per second per device of the baselines that jobs name, and of those that nobody had to. */
export interface Baselines {
  rateOf(reference: BaselineReference | undefined): Promise<number | null>;
  /** Of the same specification on fewer devices than these; null where nothing was learned of it. */
  learnedRateOf(spec: BaselineSpec, devices: number): Promise<number | null>;
  /** Keeps what a job teaches where it is more than what it taught before. */
  learn(taught: LearnedBaseline): Promise<void>;
}

export function createBaselines(store: Store, clock: Clock, refresh_s: number): Baselines {
  const read = new Map<string, { rate: number | null; at_us: number }>();
  let learned: { readonly list: readonly LearnedBaseline[] | null; readonly at_us: number } | undefined;

  /** Other processes learn too: what they kept is read again now and then. */
  async function known(): Promise<readonly LearnedBaseline[] | null> {
    const now_us = clock.now_us();
    if (learned === undefined || now_us - learned.at_us >= refresh_s * 1e6) {
      learned = { list: await readLinearityBaselines(store), at_us: now_us };
    }
    return learned.list;
  }

  return {
    async learnedRateOf(spec, devices) {
      const fewer = ((await known()) ?? []).filter((baseline) => baseline.devices < devices);
      return baselineAmong(fewer, spec)?.tokens_per_s_per_device ?? null;
    },
    async learn(taught) {
      const list = await known();
      const isOwn = ({ job, devices, model, hardware, dtype, sequence_length }: LearnedBaseline) =>
        job === taught.job &&
        devices === taught.devices &&
        model === taught.model &&
        hardware === taught.hardware &&
        dtype === taught.dtype &&
        sequence_length === taught.sequence_length;
      if (list === null || !isBetter(taught, list.find(isOwn))) return;
      await keepLinearityBaseline(store, taught, clock.now_us());
      const others = list.filter((baseline) => !isOwn(baseline));
      learned = { list: [...others, taught], at_us: learned?.at_us ?? clock.now_us() };
    },
    async rateOf(reference) {
      if (reference === undefined) return null;
      if (!('job' in reference)) return reference.tokens_per_s_per_device;
      const now_us = clock.now_us();
      const known = read.get(reference.job);
      if (known !== undefined && now_us - known.at_us < refresh_s * 1e6) return known.rate;
      const rows = await store.query<EventRow>(namedQuery('job_events'), { job: reference.job });
      const events = rows.map(eventOfRow).filter(isJobScoped);
      const report = events.length === 0 ? null : jobReport(events, { job: reference.job, now_us });
      const rate = report?.tokens_per_s_per_device ?? null;
      read.set(reference.job, { rate, at_us: now_us });
      return rate;
    },
  };
}

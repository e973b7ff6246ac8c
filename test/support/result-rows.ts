import { isJobScoped, type RunEvent } from '../../domain/events.ts';
import { jobView } from '../../domain/report/job-view.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import { NEWEST_REVISION } from '../../platform/store/result-rows.ts';
import type { Store } from '../../platform/store/store.ts';
import { ANALYZER_DEFAULTS } from '../../services/analyzer/config.ts';
import { createResultsWriter } from '../../services/analyzer/results/results-writer.ts';

export interface ResultSegment {
  readonly from_us: number;
  readonly to_us: number;
  readonly bucket: string;
  readonly revision: number;
}

export interface ResultRevision {
  readonly revision: number;
  readonly reason: string;
  readonly moved_s: Readonly<Record<string, number>>;
  readonly changed_from_us: number;
}

/** Publishes the accounts of all jobs of some events as of a time, as the analyzer does. */
export async function publishResults(
  store: Store,
  events: readonly RunEvent[],
  now_us: number,
): Promise<void> {
  const writer = createResultsWriter(store, ANALYZER_DEFAULTS);
  const scoped = events.filter(isJobScoped);
  const faults = events.filter((event) => event.type === 'fault');
  for (const job of new Set(scoped.map((event) => event.job))) {
    const own = scoped.filter((event) => event.job === job);
    const view = jobView(own, { job, at_us: now_us, faults });
    await writer.add({ view, kept: undefined, whole: () => view }, now_us);
  }
  await writer.flush(now_us);
}

/** What the result tables say of a job, as of now or as of one of its revisions; steps are those of now. */
export async function resultsOf(store: Store, job: string, revision: number = NEWEST_REVISION) {
  const segments = await store.query<ResultSegment>(namedQuery('results_segments'), { job, revision });
  const start = { after_us: -(2 ** 53) + 1, after_attempt: 0, after_step: 0 };
  const steps = await store.query<Record<string, unknown>>(namedQuery('results_steps'), {
    job,
    ...start,
    page: 1_000_000,
  });
  const incidents = await store.query<Record<string, unknown>>(namedQuery('results_incidents'), {
    job,
    revision,
  });
  const revisions = await store.query<ResultRevision>(namedQuery('results_revisions'), { job });
  const seconds: Record<string, number> = {};
  for (const { bucket, from_us, to_us } of segments) {
    seconds[bucket] = (seconds[bucket] ?? 0) + (to_us - from_us) / 1e6;
  }
  return { segments, steps, incidents, revisions, seconds };
}

/** The same without what tells how it came about: equal for every way to the same set of events. */
export async function contentOf(store: Store, job: string) {
  const { segments, steps, incidents } = await resultsOf(store, job);
  const withoutRevision = (row: object) => ({ ...row, revision: undefined });
  return {
    segments: segments.map(withoutRevision),
    steps: steps.map(withoutRevision),
    incidents: incidents.map(withoutRevision),
  };
}

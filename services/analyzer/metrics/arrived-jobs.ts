import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';

/** The jobs whose key, by Kafka's own hash (`platform/bus/kafka/partitioner.ts`), leads to one of so many partitions. */
export interface BusPart {
  readonly partition: number;
  readonly partitions: number;
}

export const ALL_JOBS: BusPart = { partition: 0, partitions: 1 };

export interface ArrivedJob {
  readonly job: string;
  /** Milliseconds since the epoch. */
  readonly newest_received_ms: number;
}

const JOBS_PER_PAGE = 1000;

/** Every job of a part, and when its newest event arrived. */
export async function* arrivedJobs(store: Store, part: BusPart): AsyncGenerator<ArrivedJob> {
  let after = '';
  for (;;) {
    const asked = { ...part, after, page: JOBS_PER_PAGE };
    const page = await store.query<ArrivedJob>(namedQuery('arrived_jobs'), asked);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < JOBS_PER_PAGE) return;
    after = last.job;
  }
}

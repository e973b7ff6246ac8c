import type { RunEvent } from '../../domain/events.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import type { Store } from '../../platform/store/store.ts';

export interface JobRow {
  readonly job: string;
  readonly events: number;
  readonly first_event_us: number;
  readonly newest_event_us: number;
}

/** Reads what the tables hold of a job. Everything it returns was acknowledged and stored. */
export interface JobReader {
  /** Jobs by name, after `after` (exclusive; empty for the first page). */
  list(after: string, limit: number): Promise<JobRow[]>;
  /** Every event of a job, each once; empty when the job is unknown. */
  events(job: string): Promise<RunEvent[]>;
}

export function createJobReader(store: Store): JobReader {
  return {
    list: (after, limit) => store.query<JobRow>(namedQuery('jobs'), { after, page: limit }),
    async events(job) {
      const rows = await store.query<{ body: string }>(namedQuery('job_events'), { job });
      // Written by our own validation, which is the only door to this table.
      return rows.map(({ body }) => JSON.parse(body) as RunEvent);
    },
  };
}

import type { CollectiveWindowEvent } from '../../domain/events.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import type { Store } from '../../platform/store/store.ts';

export const COLLECTIVE_READER_LIMITS = {
  /** Windows of one answer; beyond it the older ones are left out, and the answer says so. */
  windows_max: 200_000,
} as const;

/** Reads what the tables hold of a job's collectives. */
export interface CollectiveReader {
  /** Windows that overlap the range (microseconds), newest first, at most one more than the limit. */
  windows(job: string, range: { from_us: number; to_us: number }): Promise<CollectiveWindowEvent[]>;
}

export function createCollectiveReader(store: Store): CollectiveReader {
  return {
    async windows(job, { from_us, to_us }) {
      const rows = await store.query<{ body: string }>(namedQuery('job_collective_windows'), {
        job,
        from_us: Math.floor(from_us),
        to_us: Math.ceil(to_us),
        rows: COLLECTIVE_READER_LIMITS.windows_max + 1,
      });
      // only windows are asked for, and their bodies passed validation on the way in
      return rows.map(({ body }) => JSON.parse(body) as CollectiveWindowEvent);
    },
  };
}

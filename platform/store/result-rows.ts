import type { Bucket, Incident, Segment } from '../../domain/ledger/ledger-shape.ts';
import { namedQuery } from './named-queries.ts';
import type { Store } from './store.ts';

/** Above every revision: the account as it is now. */
export const NEWEST_REVISION = 2 ** 32 - 1;

/** A row of `sql/queries/results_segments.sql`. */
interface SegmentRow {
  readonly from_us: number;
  readonly to_us: number;
  readonly bucket: Bucket;
  readonly attempt: number | null;
  readonly name: string | null;
  readonly cause: string | null;
  readonly devices: number | null;
  readonly stepping: number | null;
}

/** A row of `sql/queries/results_incidents.sql`. */
type IncidentRow = Omit<Incident, 'planned'> & { readonly planned: number; readonly revision: number };

export interface PublishedRows {
  /** In order of time, without single steps. */
  readonly segments: readonly Segment[];
  readonly incidents: readonly Incident[];
}

/** The account of a job as a revision of it left it; empty when nothing was published. */
export async function readPublishedRows(store: Store, job: string, revision: number): Promise<PublishedRows> {
  const [segments, incidents] = await Promise.all([
    store.query<SegmentRow>(namedQuery('results_segments'), { job, revision }),
    store.query<IncidentRow>(namedQuery('results_incidents'), { job, revision }),
  ]);
  return { segments: segments.map(segmentOf), incidents: incidents.map(incidentOf) };
}

function segmentOf(row: SegmentRow): Segment {
  return {
    from_us: row.from_us,
    to_us: row.to_us,
    bucket: row.bucket,
    attempt: row.attempt ?? undefined,
    step: undefined,
    name: row.name ?? undefined,
    cause: row.cause ?? undefined,
    devices: row.devices ?? undefined,
    stepping: row.stepping ?? undefined,
  };
}

function incidentOf({ planned, revision: _, ...incident }: IncidentRow): Incident {
  return { ...incident, planned: planned === 1 };
}

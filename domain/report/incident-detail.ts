import type { FaultEvent } from '../events.ts';
import type { Account } from '../ledger/ledger-shape.ts';
import { createOwners, type OwnersOf } from './loss-owners.ts';
import type { ReportIncident } from './losses.ts';
import { timeText } from './time-text.ts';

/** What an incident took, by ledger bucket, over the whole run; slow steps of a slow-down are not in a bucket. */
export interface IncidentLoss {
  /** `s` where nobody said how many devices the job holds. */
  readonly weight: 'device_s' | 's';
  readonly total: number;
  readonly buckets: Readonly<Record<string, number>>;
  /** Seconds of the horizon, whatever was held. */
  readonly wall_s: number;
}

export interface IncidentDetail extends ReportIncident {
  readonly job: string;
  /** RFC 3339. */
  readonly failed_at: string;
  readonly lost: IncidentLoss;
  /** Faults of the job's nodes around it, oldest first; `before_failure_s` is negative for later ones. */
  readonly faults: readonly (FaultEvent & { readonly at: string; readonly before_failure_s: number })[];
}

/** Faults may be logged before the failure shows, and after. */
const FAULTS_BEFORE_US = 600e6;
const FAULTS_AFTER_US = 300e6;

/** What of an account tells of one incident. */
export type DetailSource = Pick<Account, 'job' | 'to_us' | 'segments'> & OwnersOf;

/** An incident of a report with what it cost by bucket and what was seen around it. */
export function incidentDetail(
  incident: ReportIncident,
  account: DetailSource,
  faults: readonly FaultEvent[],
): IncidentDetail {
  const { failed_at_us, ladder } = incident;
  const until_us = ladder.find(({ rung }) => rung === 'progress_regained')?.at_us ?? account.to_us;
  const near = faults
    .filter(
      ({ time_us }) => time_us >= failed_at_us - FAULTS_BEFORE_US && time_us <= until_us + FAULTS_AFTER_US,
    )
    .sort((a, b) => a.time_us - b.time_us);
  return {
    ...incident,
    job: account.job,
    failed_at: timeText(failed_at_us),
    lost: lossOf(incident.id, account),
    faults: near.map((fault) => ({
      ...fault,
      at: timeText(fault.time_us),
      before_failure_s: (failed_at_us - fault.time_us) / 1e6,
    })),
  };
}

/** The same attribution as that of the report's losses. */
function lossOf(id: string, account: DetailSource): IncidentLoss {
  const ownerOf = createOwners(account);
  const own = account.segments.filter(
    (segment) => !NOT_LOST.has(segment.bucket) && ownerOf(segment)?.id === id,
  );
  const isWeighted = own.every(({ devices }) => devices !== undefined);
  const buckets: Record<string, number> = {};
  let total_us = 0;
  let wall_us = 0;
  for (const { from_us, to_us, bucket, devices = 1 } of own) {
    const amount_us = (to_us - from_us) * (isWeighted ? devices : 1);
    buckets[bucket] = (buckets[bucket] ?? 0) + amount_us;
    total_us += amount_us;
    wall_us += to_us - from_us;
  }
  const inSeconds = Object.entries(buckets).map(([bucket, us]) => [bucket, us / 1e6] as const);
  return {
    weight: isWeighted ? 'device_s' : 's',
    total: total_us / 1e6,
    buckets: Object.fromEntries(inSeconds),
    wall_s: wall_us / 1e6,
  };
}

const NOT_LOST: ReadonlySet<string> = new Set(['productive', 'in_flight', 'excluded']);

import { causeOf, saysNothing } from '../catalog/causes.ts';
import type { FaultEvent } from '../events.ts';
import type { Account, Bucket, Incident, Segment } from '../ledger/ledger-shape.ts';
import type { AccountFigures } from '../ledger/timeline.ts';

/** How far before the stand-still a fault may lie to be its cause: a dying device often trains on for minutes. */
const FAULT_BEFORE_US = 600e6;
/** Kernel logs are stamped by other clocks and read later than the launcher notices the death. */
const FAULT_AFTER_US = 60e6;

/** What stands still with the attempt that failed, and what its successor does before it steps again. */
const LOST_WITH_ATTEMPT = new Set<Bucket>(['lost_work', 'hang', 'hang_or_unfinished', 'silent']);
const LOST_TO_RECOVERY = new Set<Bucket>(['startup', 'program_startup', 'init', 'prep', 'ckpt_restore']);

/**
 * Names cause, node and device of incidents that have none from the hardware and driver faults around them (`faults`:
 * of the job's nodes, at any time). Of several the one nearest to the moment progress stopped is taken. What the job
 * itself said about a failure is never replaced. Losses of the incident take the cause over.
 */
export function withFaultCauses(account: Account, faults: readonly FaultEvent[]): Account {
  const { incidents, relabel } = faultNames(account, faults);
  if (relabel === undefined) return { ...account, incidents };
  return { ...account, incidents, segments: account.segments.map(relabel) };
}

export interface FaultNames {
  readonly incidents: readonly Incident[];
  /** Gives a segment, or a row of segments, the cause that was found; undefined where none was. */
  readonly relabel: ((segment: Segment) => Segment) | undefined;
  /** Says what it does: equal keys, equal causes. Empty where there is none. */
  readonly key: string;
}

/** What faults name, of an account that need not have its segments in hand. */
export function faultNames(
  account: Pick<AccountFigures, 'incidents' | 'attempts' | 'to_us'>,
  faults: readonly FaultEvent[],
): FaultNames {
  if (faults.length === 0 || account.incidents.length === 0) {
    return { incidents: account.incidents, relabel: undefined, key: '' };
  }
  const undoerOf = createUndoers(account);
  const keys: string[] = [];
  const relabels: ((segment: Segment) => Segment)[] = [];
  const incidents = account.incidents.map((incident) => {
    const named = nameFrom(incident, faults, account.to_us);
    if (named.cause !== null && named.cause !== incident.cause) {
      const next = attemptAfter(incident, account);
      relabels.push(labeller(incident, named.cause, next, (segment) => undoerOf(segment) === incident));
      keys.push(JSON.stringify([incident.attempt, incident.failed_at_us, incident.cause, named.cause, next]));
    }
    return named;
  });
  if (relabels.length === 0) return { incidents, relabel: undefined, key: '' };
  const relabel = (segment: Segment) => relabels.reduce((told, one) => one(told), segment);
  return { incidents, relabel, key: keys.join('\n') };
}

function nameFrom(incident: Incident, faults: readonly FaultEvent[], at_us: number): Incident {
  const said = !saysNothing(incident.cause);
  if (said && incident.node !== null && incident.device !== null) return incident;
  const fault = nearestFault(incident, faults, at_us);
  if (fault === undefined) return incident;
  const cause = said ? incident.cause : fault.code;
  if (incident.node !== null && incident.node !== fault.node) return { ...incident, cause };
  return {
    ...incident,
    cause,
    node: fault.node,
    device: incident.device ?? (fault.device === undefined ? null : String(fault.device)),
  };
}

/** The fault that an incident is put down to, of those near enough to the moment progress stopped. */
export function nearestFault(
  { kind, failed_at_us, last_progress_at_us, node }: Incident,
  faults: readonly FaultEvent[],
  at_us: number,
): FaultEvent | undefined {
  const stopped_us = Math.min(failed_at_us, last_progress_at_us ?? failed_at_us);
  const until_us = kind === 'interruption' ? failed_at_us + FAULT_AFTER_US : at_us;
  return faultNear(faults, { from_us: stopped_us, to_us: Math.min(until_us, at_us), node });
}

/**
 * The fault nearest to `from_us` among those that began shortly before it or up to `to_us`. One that only follows another
 * (Xid 45 cleans up after the real one) or is no failure (Xid 63 records a repair) is taken where there is nothing else.
 */
export function faultNear(
  faults: readonly FaultEvent[],
  {
    from_us,
    to_us,
    node,
  }: { readonly from_us: number; readonly to_us: number; readonly node: string | null },
): FaultEvent | undefined {
  let nearest: { readonly fault: FaultEvent; readonly rank: number; readonly away_us: number } | undefined;
  for (const fault of faults) {
    const { time_us } = fault;
    if (time_us < from_us - FAULT_BEFORE_US || time_us > to_us) continue;
    if (node !== null && fault.node !== node) continue;
    const rank = rankOf(fault);
    const away_us = Math.abs(time_us - from_us);
    const isNearer =
      nearest === undefined || rank < nearest.rank || (rank === nearest.rank && away_us < nearest.away_us);
    if (isNearer) nearest = { fault, rank, away_us };
  }
  return nearest?.fault;
}

function rankOf({ code }: FaultEvent): number {
  const role = causeOf(code)?.role;
  if (role === 'informational') return 2;
  return role === 'secondary' ? 1 : 0;
}

function attemptAfter(
  { failed_at_us }: Incident,
  { attempts }: Pick<AccountFigures, 'attempts'>,
): number | undefined {
  return attempts.find(({ start_us }) => start_us >= failed_at_us)?.attempt;
}

function labeller(
  incident: Incident,
  cause: string,
  next: number | undefined,
  isUndone: (segment: Segment) => boolean,
): (segment: Segment) => Segment {
  return (segment) => {
    const unnamed = segment.cause === undefined || segment.cause === incident.cause;
    if (!unnamed || !(belongsTo(segment, incident, next) || isUndone(segment))) return segment;
    return { ...segment, cause };
  };
}

/**
 * The interruption that undid work of an attempt before the one that it ended: the first from that attempt on that said
 * the cause which the account gives the work. Undefined for all else.
 */
function createUndoers({
  incidents,
  attempts,
}: Pick<AccountFigures, 'incidents' | 'attempts'>): (segment: Segment) => Incident | undefined {
  const order = new Map(attempts.map(({ attempt }, index) => [attempt, index]));
  const placeOf = (attempt: number) => order.get(attempt) ?? Number.NEGATIVE_INFINITY;
  const interruptions = incidents.filter(({ kind }) => kind === 'interruption');
  return ({ bucket, attempt, cause = null }) => {
    if (bucket !== 'lost_work' || attempt === undefined) return undefined;
    const from = placeOf(attempt);
    return interruptions.find((one) => placeOf(one.attempt) >= from && one.cause === cause);
  };
}

function belongsTo(
  { attempt, bucket, from_us }: Segment,
  incident: Incident,
  next: number | undefined,
): boolean {
  if (attempt === incident.attempt) return LOST_WITH_ATTEMPT.has(bucket);
  if (attempt === undefined) return bucket.startsWith('down') && from_us >= incident.failed_at_us;
  return attempt === next && LOST_TO_RECOVERY.has(bucket);
}

import type { JobScopedEvent } from '../events.ts';
import { overlappedOf } from './account-layers.ts';
import { capacityOf } from './holdings.ts';
import { type JobView, viewOf } from './job-view.ts';
import type { Launch } from './launches.ts';
import { lengthOf } from './layers.ts';
import type { Account, Incident, JobState, Segment } from './ledger-shape.ts';

/** What is kept of an account once it is published: everything but its steps and what lies beside its segments. */
export interface PublishedAccount {
  readonly job: string;
  readonly state: JobState;
  /** How far it reaches, microseconds: the clock of a job that ran, the end of one that was over. */
  readonly to_us: number;
  /** Number of the attempt that had not ended; null when none was open. */
  readonly open_attempt: number | null;
  /** In order of time, without gap. */
  readonly segments: readonly Segment[];
  readonly incidents: readonly Incident[];
}

/**
 * The account as it was when it was published, without its steps: a ledger of it is the one that `accountOf` gives as of
 * then. Undefined where its attempts are not those that the job itself announced by number, since then only the steps
 * tell whose a span was.
 *
 * @param events of the job, at least its `job`, `attempt_start`, `attempt_end`, `span` and `capacity` ones
 */
export function accountAsPublished(
  published: PublishedAccount,
  events: readonly JobScopedEvent[],
): Account | undefined {
  const { job, state, to_us, segments, incidents } = published;
  const view = viewOf(events, { job, at_us: to_us });
  const launches = launchesOfSegments(published);
  const from_us = segments[0]?.from_us;
  if (from_us === undefined || !isAnnounced(view, launches, published)) return undefined;
  const overlapped = [...overlappedOf(view, launches)].map(([kind, layer]): [string, number] => {
    return [kind, lengthOf(layer, from_us, to_us) / 1e6];
  });
  return {
    ...{ job, state, from_us, to_us, segments, incidents },
    steps: [],
    attempts: launches.map(({ attempt, start_us, close_us, ending }) => {
      return { attempt, start_us, end_us: ending === 'open' ? undefined : close_us };
    }),
    lost_steps: incidents.reduce((sum, { lost_steps }) => sum + lost_steps, 0),
    last_step: null,
    last_progress_at_us: null,
    newest_event_us: null,
    overlapped_s: Object.fromEntries(overlapped.sort()),
    ranks_seen: 0,
    capacity: capacityOf(view, from_us, to_us),
  };
}

function launchesOfSegments({ segments, open_attempt }: PublishedAccount): Launch[] {
  const launches = new Map<number, Launch>();
  for (const { attempt, from_us, to_us } of segments) {
    if (attempt === undefined) continue;
    launches.set(attempt, {
      attempt,
      given: attempt,
      start_us: launches.get(attempt)?.start_us ?? from_us,
      close_us: to_us,
      ending: attempt === open_attempt ? 'open' : 'superseded',
      isPresumed: false,
      fail: undefined,
      device_count: undefined,
      steps: [],
    });
  }
  return [...launches.values()];
}

/** One of which only its failure, its end or its beginning just now was heard has no time of its own, and so no segment. */
function isAnnounced(
  { starts, ends }: JobView,
  launches: readonly Launch[],
  { incidents, open_attempt }: Pick<PublishedAccount, 'incidents' | 'open_attempt'>,
): boolean {
  const attempts = new Set(launches.map(({ attempt }) => attempt));
  if (open_attempt !== null && !attempts.has(open_attempt)) return false;
  if (!incidents.every(({ attempt }) => attempts.has(attempt))) return false;
  const told = new Map<number | undefined, number>();
  for (const { attempt, time_us } of starts) {
    told.set(attempt, Math.min(told.get(attempt) ?? time_us, time_us));
  }
  if (!ends.every(({ attempt }) => attempt === undefined || told.has(attempt))) return false;
  return (
    told.size === launches.length && launches.every(({ attempt, start_us }) => told.get(attempt) === start_us)
  );
}

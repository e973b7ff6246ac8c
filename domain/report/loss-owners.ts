import { isProgress } from '../ledger/executions.ts';
import { upperBound } from '../ledger/job-view.ts';
import type { Account, Bucket, Incident, Segment, StepExecution } from '../ledger/ledger-shape.ts';

const DOWN = new Set<Bucket>(['down', 'down_detect', 'down_localize', 'down_wait_nodes']);
/** What an attempt that recovers from a failure does before it trains again. */
const START = new Set<Bucket>(['startup', 'init', 'prep', 'ckpt_restore', 'data_wait', 'custom']);

/** What of an account says whose a loss is: of its steps, the first of each attempt. */
export type OwnersOf = Pick<Account, 'incidents' | 'attempts'> & {
  readonly steps: readonly Pick<StepExecution, 'attempt' | 'start_us' | 'kind'>[];
};

/**
 * Says which incident a segment is a loss of; undefined where it is none. Time down is of the failure before it, and so
 * is all that the next attempt does until its first step; work undone is of the failure that undid it, and what lies
 * between the last step and the failure is of that; a hang that lasts is its own.
 */
export function createOwners(account: OwnersOf): (segment: Segment) => Incident | undefined {
  const interruptions = account.incidents.filter(({ kind }) => kind === 'interruption');
  const stalls = account.incidents.filter(
    ({ kind, state }) => (kind === 'hang' || kind === 'silence') && state !== 'recovered',
  );
  const first_step_us = new Map<number, number>();
  for (const step of account.steps) {
    if (isProgress(step) && !first_step_us.has(step.attempt)) first_step_us.set(step.attempt, step.start_us);
  }
  const byAttempt = new Map(interruptions.map((incident) => [incident.attempt, incident]));
  const before = new Map<number, Incident | undefined>();
  for (const [index, { attempt }] of account.attempts.entries()) {
    const previous = account.attempts[index - 1];
    before.set(attempt, previous === undefined ? undefined : byAttempt.get(previous.attempt));
  }
  const lastFailed = (time_us: number) =>
    interruptions[
      upperBound(interruptions.length, (at) => interruptions[at]?.failed_at_us ?? 0, time_us) - 1
    ];
  return (segment) => {
    const { bucket, attempt, from_us } = segment;
    if (DOWN.has(bucket)) return lastFailed(from_us);
    if (bucket === 'hang' || bucket === 'silent') return stalls.at(-1);
    if (attempt === undefined) return undefined;
    if (bucket === 'hang_or_unfinished') return byAttempt.get(attempt);
    if (bucket === 'lost_work') return undoneBy(segment, interruptions, byAttempt.get(attempt));
    if (bucket === 'program_startup') return before.get(attempt);
    if (bucket === 'other') return dying(segment, byAttempt.get(attempt));
    const isBeforeFirstStep = from_us < (first_step_us.get(attempt) ?? Number.POSITIVE_INFINITY);
    return START.has(bucket) && isBeforeFirstStep ? before.get(attempt) : undefined;
  };
}

/** From the last step to the failure nothing was done any more, and nobody knew it yet: that is the failure's too. */
function dying({ from_us }: Segment, own: Incident | undefined): Incident | undefined {
  const last_us = own?.last_progress_at_us ?? null;
  return last_us !== null && from_us >= last_us ? own : undefined;
}

/** A deeper rollback undoes work of attempts before the one that failed: the cause in the account says which it was. */
function undoneBy(
  { to_us, cause }: Segment,
  interruptions: readonly Incident[],
  own: Incident | undefined,
): Incident | undefined {
  if (cause === undefined && own?.cause === null) return own;
  return interruptions.find(
    (incident) => incident.failed_at_us >= to_us && incident.cause === (cause ?? null),
  );
}

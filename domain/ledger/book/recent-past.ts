import { attemptsBy, incidentBy, regainedAt } from '../account-until.ts';
import { isProgress } from '../executions.ts';
import type { JobState, LiveLimits, Segment, StepExecution } from '../ledger-shape.ts';
import type { AccountFigures } from '../timeline.ts';

/** The end of a timeline: everything from a cut on. */
export interface TimelineEnd {
  /** The cut, microseconds; minus infinity where nothing lies before it. */
  readonly from_us: number;
  readonly segments: readonly Segment[];
  /** In order of start. */
  readonly steps: readonly StepExecution[];
  /** Whether an attempt made a step before the cut. */
  readonly hasBegun: (attempt: number) => boolean;
}

/**
 * What `accountHistory` says of a recent moment, read off the end of the timeline alone. Undefined where that is not
 * enough: the moment lies before the cut, or what is true of it depends on more than the end.
 */
export function figuresUntil(
  account: AccountFigures,
  end: TimelineEnd,
  at_us: number,
  live: LiveLimits,
): AccountFigures | undefined {
  if (at_us >= account.to_us) return account;
  if (at_us < account.from_us || at_us < end.from_us) return undefined;
  const before = new Map(
    account.incidents.flatMap(({ kind, attempt, last_progress_at_us }): [number, number | null][] =>
      kind === 'interruption' ? [[attempt, last_progress_at_us]] : [],
    ),
  );
  const isCompleted = (step: StepExecution) => isCompletedBy(before, step);
  if (end.steps.some((step) => isToldByAll(step, isCompleted(step), at_us, live))) return undefined;
  const done = end.steps.filter(({ end_us }) => end_us <= at_us);
  const progress = done.findLast((step) => isProgress(step) && isCompleted(step));
  const state = stateAt(account, end, at_us);
  const attempts = attemptsBy(account, at_us);
  const newest_event_us = newestBy(account, end, at_us, attempts);
  const isCut = end.from_us > Number.NEGATIVE_INFINITY;
  if (state === undefined || newest_event_us === undefined || (progress === undefined && isCut)) {
    return undefined;
  }
  return {
    ...account,
    to_us: at_us,
    state,
    attempts,
    incidents: account.incidents.flatMap((incident) => incidentBy(incident, at_us)),
    last_step: progress?.step ?? null,
    last_progress_at_us: progress?.end_us ?? null,
    newest_event_us,
  };
}

/** Work that was lost later, and steps that never ended and may have hung: what is true of them all steps must tell. */
function isToldByAll(
  { fate, start_us, end_us, net_us, labels }: StepExecution,
  isCompleted: boolean,
  at_us: number,
  { hang_floor_us, hang_before_first_step_us }: LiveLimits,
): boolean {
  if (fate !== 'lost_work' && fate !== 'hang_or_unfinished') return false;
  if (isCompleted) return end_us > at_us;
  // no limit is below both
  const limit_us = Math.min(hang_floor_us, hang_before_first_step_us);
  return start_us <= at_us && net_us > limit_us && labels['unlogged'] !== true;
}

function isCompletedBy(
  progress_before_us: ReadonlyMap<number, number | null>,
  { fate, attempt, end_us }: StepExecution,
): boolean {
  if (fate !== 'lost_work') return fate === 'productive';
  const before_us = progress_before_us.get(attempt);
  return before_us === undefined || end_us <= (before_us ?? Number.NEGATIVE_INFINITY);
}

function stateAt(
  { incidents }: AccountFigures,
  { segments, steps, hasBegun }: TimelineEnd,
  at_us: number,
): JobState | undefined {
  const segment = segments.find(({ to_us }) => to_us > at_us);
  if (segment === undefined) return undefined;
  if (segment.attempt === undefined) return 'down';
  if (segment.bucket === 'hang' || segment.bucket === 'silent') return segment.bucket;
  if (segment.step !== undefined) {
    // hangs that went on in the end; those that did not are steps that never ended
    let newest_us = Number.NEGATIVE_INFINITY;
    let until_us = Number.NEGATIVE_INFINITY;
    for (const incident of incidents) {
      const to_us = incident.kind === 'hang' ? regainedAt(incident) : undefined;
      if (to_us === undefined || incident.failed_at_us > at_us || incident.failed_at_us < newest_us) continue;
      newest_us = incident.failed_at_us;
      until_us = to_us;
    }
    if (at_us < until_us) return 'hang';
  }
  if (hasBegun(segment.attempt)) return 'running';
  const first = steps.find(({ attempt }) => attempt === segment.attempt);
  return (first?.start_us ?? Number.POSITIVE_INFINITY) <= at_us ? 'running' : 'starting';
}

/** Undefined where nothing of the end had happened by then. */
function newestBy(
  { newest_event_us }: AccountFigures,
  { from_us, steps }: TimelineEnd,
  at_us: number,
  attempts: AccountFigures['attempts'],
): number | null | undefined {
  if (newest_event_us !== null && newest_event_us <= at_us) return newest_event_us;
  let newest_us = Number.NEGATIVE_INFINITY;
  let reached_us = Number.NEGATIVE_INFINITY;
  for (const { start_us, end_us } of steps) {
    if (start_us <= at_us) newest_us = Math.max(newest_us, start_us);
    reached_us = Math.max(reached_us, end_us);
    if (reached_us <= at_us) newest_us = Math.max(newest_us, reached_us);
  }
  if (newest_us === Number.NEGATIVE_INFINITY && from_us > Number.NEGATIVE_INFINITY) return undefined;
  for (const { start_us, end_us } of attempts) newest_us = Math.max(newest_us, start_us, end_us ?? newest_us);
  return newest_us;
}

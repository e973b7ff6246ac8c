import type { JobScopedEvent } from '../events.ts';
import { distinctSteps, type Execution, executionsOf, isProgress } from './executions.ts';
import { holdingsOf } from './holdings.ts';
import { incidentsOf } from './incidents.ts';
import { type JobView, viewOf } from './job-view.ts';
import { type Launch, launchesOf } from './launches.ts';
import { type Account, type JobState, LIVE_DEFAULTS, type LiveLimits } from './ledger-shape.ts';
import { type Paintable, type Painted, paint } from './paint.ts';
import type { Stall } from './stall.ts';

export interface AccountOptions {
  readonly job: string;
  /** The clock, for an open job when `at_us` is absent; without both, an open job ends at its newest event. */
  readonly now_us?: number;
  /** Look at the job as of then: later events are unseen, and what was running is open. */
  readonly at_us?: number;
  readonly live?: LiveLimits;
}

/**
 * The closed account of one job (`ledger.md`, R1 to R9): every microsecond of its horizon in exactly one bucket. It
 * depends on the set of events only: their order, repeated ones and events of other jobs change nothing. It never
 * throws; a job that has not started has an empty horizon.
 */
export function accountOf(events: readonly JobScopedEvent[], options: AccountOptions): Account {
  const view = viewOf(events, options);
  const launches = launchesOf(view);
  const { from_us, to_us } = horizonOf(view, launches);
  const executions = executionsOf(launches, view.until_us);
  const holdings = holdingsOf(view, launches, from_us, to_us);
  const job = { view, launches, executions, holdings, from_us, to_us };
  const painted = paint(job, options.live ?? LIVE_DEFAULTS);
  const ranks_seen = new Set(view.steps.map(({ rank }) => rank ?? 0)).size;
  const { segments, steps } = painted;
  return { ...figuresOf({ ...job, ...painted, job: options.job, ranks_seen }), segments, steps };
}

/** R1. Equal ends when nothing started yet. */
export function horizonOf(
  view: JobView,
  launches: readonly Launch[],
): { readonly from_us: number; readonly to_us: number } {
  const last = launches.at(-1);
  const from_us = launches[0]?.start_us ?? view.clock_us;
  const isOver = last?.ending === 'clean' || last?.ending === 'unclean';
  return { from_us, to_us: isOver ? last.close_us : Math.max(view.clock_us, from_us) };
}

/** What the figures beside segments and steps are read off. */
export interface Told extends Paintable, Pick<Painted, 'stall' | 'resumed' | 'excesses' | 'overlapped_s'> {
  readonly job: string;
  readonly ranks_seen: number;
}

/** An account without its segments and steps. */
export function figuresOf(told: Told): Omit<Account, 'segments' | 'steps'> {
  const { launches, executions, view, stall } = told;
  const newest = lastCompleted(executions.list);
  return {
    job: told.job,
    from_us: told.from_us,
    to_us: told.to_us,
    state: stateOf(launches.at(-1), executions.list.at(-1), launches.length - 1, stall),
    attempts: launches.map(attemptOf),
    incidents: incidentsOf(told.job, launches, executions, view.marks, told),
    lost_steps: distinctSteps(executions.list.filter(isUndone)),
    last_step: newest?.step ?? null,
    last_progress_at_us: newest?.end_us ?? null,
    newest_event_us: view.newest_us ?? null,
    overlapped_s: told.overlapped_s,
    ranks_seen: told.ranks_seen,
    capacity: told.holdings.capacity,
  };
}

function isUndone(execution: Execution): boolean {
  return execution.completed && execution.fate === 'lost_work' && isProgress(execution);
}

function lastCompleted(executions: readonly Execution[]): Execution | undefined {
  return executions.findLast((execution) => execution.completed && isProgress(execution));
}

function attemptOf({ attempt, start_us, close_us, ending }: Launch): Account['attempts'][number] {
  return { attempt, start_us, end_us: ending === 'open' ? undefined : close_us };
}

function stateOf(
  last: Launch | undefined,
  newest: Execution | undefined,
  index: number,
  stall: Stall | undefined,
): JobState {
  if (last === undefined) return 'starting';
  if (last.ending === 'fail') return 'down';
  if (last.ending !== 'open') return 'ended';
  if (stall !== undefined) return stall.silent_from_us === undefined ? 'hang' : 'silent';
  return newest?.launch === index ? 'running' : 'starting';
}

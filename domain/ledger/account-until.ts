import { median } from '../statistics.ts';
import { distinctSteps, isProgress } from './executions.ts';
import { upperBound } from './job-view.ts';
import {
  type Account,
  type Incident,
  type JobState,
  LIVE_DEFAULTS,
  type LiveLimits,
  type Segment,
  type StepExecution,
} from './ledger-shape.ts';
import { pastStepLimit } from './stall.ts';

/**
 * A job at an earlier moment, told in hindsight: its account as far as `at_us` (microseconds), by what is known today.
 * Unlike a look as of then (`accountOf` with `at_us`), a step under way is already what became of it, work undone later
 * is already lost, and a job of whose end nothing was said until it started again is down in between. So the ledger of
 * any range up to then equals that of the same range of the whole account. At or after its end it is the account itself.
 *
 * Non-blocking spans (`overlapped_s`), ranks and capacity stay those of the whole: an account does not say when they
 * were.
 */
export function accountUntil(account: Account, at_us: number, live: LiveLimits = LIVE_DEFAULTS): Account {
  return accountHistory(account, live)(at_us);
}

/** `accountUntil` for many moments of one account: what does not depend on the moment is prepared once. */
export function accountHistory(
  account: Account,
  live: LiveLimits = LIVE_DEFAULTS,
): (at_us: number) => Account {
  const story = storyOf(account, live);
  return (at_us) => {
    if (at_us >= account.to_us) return account;
    if (at_us < account.from_us) return notStarted(account, at_us);
    const steps = endedBy(story, at_us);
    const progress = steps.findLast((step) => isProgress(step) && isCompleted(story, step));
    const attempts = attemptsBy(account, at_us);
    return {
      ...account,
      to_us: at_us,
      state: stateAt(story, at_us),
      segments: segmentsUntil(account.segments, at_us),
      steps,
      attempts,
      incidents: account.incidents.flatMap((incident) => incidentBy(incident, at_us)),
      lost_steps: lostBy(story, at_us),
      last_step: progress?.step ?? null,
      last_progress_at_us: progress?.end_us ?? null,
      newest_event_us: newestBy(story, at_us, attempts),
    };
  };
}

interface Story {
  readonly account: Account;
  /** Highest end of the steps up to and including each: ascending, whatever overlaps. */
  readonly reached_us: readonly number[];
  /** Start of each attempt's first step. */
  readonly first_step_us: ReadonlyMap<number, number>;
  /** Last progress before the failure of each attempt that failed; what ended later was under way. */
  readonly progress_before_us: ReadonlyMap<number, number | null>;
  /** Completed steps that were rolled back, by end. */
  readonly lost: readonly StepExecution[];
  /** Steps that hung and were killed, or went on in the end, by start. */
  readonly hangs: readonly Stretch[];
}

interface Stretch {
  readonly from_us: number;
  readonly to_us: number;
}

function storyOf(account: Account, live: LiveLimits): Story {
  const { steps, incidents } = account;
  const reached_us: number[] = [];
  const first_step_us = new Map<number, number>();
  for (const { attempt, start_us, end_us } of steps) {
    reached_us.push(Math.max(end_us, reached_us.at(-1) ?? end_us));
    if (!first_step_us.has(attempt)) first_step_us.set(attempt, start_us);
  }
  const progress_before_us = new Map(
    incidents.flatMap(({ kind, attempt, last_progress_at_us }): [number, number | null][] =>
      kind === 'interruption' ? [[attempt, last_progress_at_us]] : [],
    ),
  );
  const told = { account, reached_us, first_step_us, progress_before_us };
  const lost = steps
    .filter((step) => step.fate === 'lost_work' && isProgress(step) && isCompleted(told, step))
    .sort((a, b) => a.end_us - b.end_us);
  return { ...told, lost, hangs: hangsOf(told, live) };
}

/** Work is lost when a completed step is done again, and when a step was under way at the failure. */
function isCompleted(
  { progress_before_us }: Pick<Story, 'progress_before_us'>,
  { fate, attempt, end_us }: StepExecution,
): boolean {
  if (fate !== 'lost_work') return fate === 'productive';
  const before_us = progress_before_us.get(attempt);
  return before_us === undefined || end_us <= (before_us ?? Number.NEGATIVE_INFINITY);
}

/**
 * Hangs that are over: those that went on are incidents of the account, and those that were killed are steps that never
 * ended and took longer than the limits by which an open step is judged. Their seconds are in the bucket that the end
 * put them in; that the job stood still is its state all the same.
 */
function hangsOf(story: Omit<Story, 'lost' | 'hangs'>, live: LiveLimits): Stretch[] {
  const { steps, incidents } = story.account;
  const hangs: Stretch[] = [];
  for (const incident of incidents) {
    const to_us = incident.kind === 'hang' ? regainedAt(incident) : undefined;
    if (to_us !== undefined) hangs.push({ from_us: incident.failed_at_us, to_us });
  }
  const usual_us = usualStep(steps.filter((step) => isProgress(step) && isCompleted(story, step)));
  for (const step of steps) {
    const isKilled = step.fate === 'hang_or_unfinished' || step.fate === 'lost_work';
    if (!isKilled || isCompleted(story, step) || step.labels['unlogged'] === true) continue;
    const isFirst = story.first_step_us.get(step.attempt) === step.start_us;
    if (step.net_us > pastStepLimit(step.count, isFirst, usual_us, live)) {
      hangs.push({ from_us: step.start_us, to_us: step.end_us });
    }
  }
  return hangs.sort((a, b) => a.from_us - b.from_us);
}

/** Median net time of a step, of those that nothing interrupted where there are such; undefined without any. */
function usualStep(completed: readonly StepExecution[]): number | undefined {
  const whole = completed.filter(({ net_us, start_us, end_us }) => net_us === end_us - start_us);
  const timed = (whole.length > 0 ? whole : completed).filter(({ net_us }) => net_us > 0);
  return median(timed.map(({ net_us, count }) => ({ value: net_us / count, count })));
}

function notStarted(account: Account, at_us: number): Account {
  return {
    ...account,
    from_us: at_us,
    to_us: at_us,
    state: 'starting',
    segments: [],
    steps: [],
    attempts: [],
    incidents: [],
    lost_steps: 0,
    last_step: null,
    last_progress_at_us: null,
    newest_event_us: null,
  };
}

function stateAt({ account, first_step_us, hangs }: Story, at_us: number): JobState {
  const { segments } = account;
  const segment = segments[upperBound(segments.length, (index) => segments[index]?.to_us ?? 0, at_us)];
  if (segment?.attempt === undefined) return 'down';
  if (segment.bucket === 'hang' || segment.bucket === 'silent') return segment.bucket;
  const hang = hangs[upperBound(hangs.length, (index) => hangs[index]?.from_us ?? 0, at_us) - 1];
  // a span inside, such as a save, says what was done meanwhile
  if (hang !== undefined && at_us < hang.to_us && segment.step !== undefined) return 'hang';
  const began_us = first_step_us.get(segment.attempt) ?? Number.POSITIVE_INFINITY;
  return began_us <= at_us ? 'running' : 'starting';
}

/** The part of segments, which are in order of time, before `at_us`. */
export function segmentsUntil(segments: readonly Segment[], at_us: number): Segment[] {
  const whole = upperBound(segments.length, (index) => segments[index]?.to_us ?? 0, at_us);
  const list = segments.slice(0, whole);
  const open = segments[whole];
  if (open !== undefined && open.from_us < at_us) list.push({ ...open, to_us: at_us });
  return list;
}

function endedBy({ account: { steps }, reached_us }: Story, at_us: number): StepExecution[] {
  const all = upperBound(reached_us.length, (index) => reached_us[index] ?? 0, at_us);
  const begun = upperBound(steps.length, (index) => steps[index]?.start_us ?? 0, at_us);
  const list = steps.slice(0, all);
  // an evaluation may go on beside the steps that follow it
  for (const step of steps.slice(all, begun)) if (step.end_us <= at_us) list.push(step);
  return list;
}

export function attemptsBy({ attempts }: Pick<Account, 'attempts'>, at_us: number): Account['attempts'] {
  return attempts
    .filter(({ start_us }) => start_us <= at_us)
    .map((attempt) => ((attempt.end_us ?? 0) > at_us ? { ...attempt, end_us: undefined } : attempt));
}

/** The incident as far as its ladder was climbed by then; none when it had not begun. */
export function incidentBy(incident: Incident, at_us: number): Incident[] {
  if (incident.failed_at_us > at_us) return [];
  const reached = (seconds: number | null) =>
    seconds === null || incident.failed_at_us + Math.round(seconds * 1e6) > at_us ? null : seconds;
  const regained_us = regainedAt(incident);
  const isRegained = regained_us !== undefined && regained_us <= at_us;
  // of one that is over without anybody knowing when, its own state is all there is to say
  const isOver = isRegained || (regained_us === undefined && incident.state === 'recovered');
  return [
    {
      ...incident,
      state: isOver ? incident.state : 'open',
      time_to_detect_s: reached(incident.time_to_detect_s),
      time_to_localize_s: reached(incident.time_to_localize_s),
      time_to_nodes_ready_s: reached(incident.time_to_nodes_ready_s),
      time_to_restart_s: reached(incident.time_to_restart_s),
      time_to_first_step_s: reached(incident.time_to_first_step_s),
      time_to_regain_progress_s: reached(incident.time_to_regain_progress_s),
      last_progress_to_regain_s: isRegained ? incident.last_progress_to_regain_s : null,
    },
  ];
}

/** When progress was regained; where the failure itself has no known time, counted from the last progress. */
export function regainedAt(incident: Incident): number | undefined {
  const { failed_at_us, last_progress_at_us } = incident;
  const { time_to_regain_progress_s: regain_s, last_progress_to_regain_s: still_s } = incident;
  if (regain_s !== null) return failed_at_us + Math.round(regain_s * 1e6);
  if (still_s === null || last_progress_at_us === null) return undefined;
  return last_progress_at_us + Math.round(still_s * 1e6);
}

function lostBy({ account, lost }: Story, at_us: number): number {
  const count = upperBound(lost.length, (index) => lost[index]?.end_us ?? 0, at_us);
  return count === lost.length ? account.lost_steps : distinctSteps(lost.slice(0, count));
}

/** Its newest sign of life by then, as far as an account keeps them: starts and ends of attempts and steps. */
function newestBy(
  { account: { steps, newest_event_us }, reached_us }: Story,
  at_us: number,
  attempts: Account['attempts'],
): number | null {
  if (newest_event_us !== null && newest_event_us <= at_us) return newest_event_us;
  const begun = upperBound(steps.length, (index) => steps[index]?.start_us ?? 0, at_us);
  const ended = upperBound(reached_us.length, (index) => reached_us[index] ?? 0, at_us);
  const signs = [steps[begun - 1]?.start_us, reached_us[ended - 1]];
  for (const { start_us, end_us } of attempts) signs.push(start_us, end_us);
  return Math.max(...signs.map((sign) => sign ?? Number.NEGATIVE_INFINITY));
}

import { type Execution, hasStartupInside, isProgress } from './executions.ts';
import type { JobView } from './job-view.ts';
import type { Launch } from './launches.ts';
import type { LiveLimits } from './ledger-shape.ts';
import { type StepTimes, usualStep } from './usual-step.ts';

/** An open attempt that makes no progress: from its last progress on it hangs, from the last sign of life on it is silent. */
export interface Stall {
  /** Last progress, or the last sign of life where only silence is certain. */
  readonly from_us: number;
  readonly silent_from_us: number | undefined;
}

/** What the open end of a job looks like before it is judged. */
export interface OpenEnd {
  readonly launch: Launch;
  /** The attempt's newest execution, open or not; undefined before its first. */
  readonly last: Execution | undefined;
  /** End of the last completed execution, else start of the open one, else start of the attempt. */
  readonly progress_us: number;
}

/** The open end of a job; undefined when its last attempt is over. `executions` are those of all attempts, in order. */
export function openEndOf(
  launches: readonly Launch[],
  executions: readonly Execution[],
): OpenEnd | undefined {
  const launch = launches.at(-1);
  if (launch?.ending !== 'open') return undefined;
  const index = launches.length - 1;
  const last = executions.at(-1);
  if (last?.launch !== index) return { launch, last: undefined, progress_us: launch.start_us };
  const before = executions.at(-2);
  if (last.completed) return { launch, last, progress_us: last.end_us };
  const progress_us = before?.launch === index ? before.end_us : last.start_us;
  return { launch, last, progress_us };
}

/**
 * Judges an open end (`ledger.md` 2, "Live"). The age of what stands is counted net of excluded time and of blocking
 * spans: a long save is no hang. A line of `count` steps is due only when the last of them is, so only that one's age
 * counts. An open step is silent rather than hung only when another source of the job (`heard_until_us`) fell silent
 * too; without an open step nobody has said that anything runs, and silence is all there is to see.
 *
 * @param net_us what no span and no exclusion covers, from `progress_us` to the clock
 * @param step_us median net time of a completed step of the job; undefined when there is none yet
 */
export function stallOf(
  end: OpenEnd,
  view: JobView,
  net_us: number,
  step_us: number | undefined,
  limits: LiveLimits,
): Stall | undefined {
  const limit_us = hangLimit(end, step_us, limits);
  const hangs = net_us > limit_us;
  const heard_us = Math.max(
    view.newest_us ?? end.launch.start_us,
    limits.heard_until_us ?? 0,
    end.launch.start_us,
  );
  const isOpenStep = end.last !== undefined && !end.last.completed;
  const silent_after_us = Math.max(
    limits.silent_after_us,
    limits.heard_until_us === undefined ? limit_us : 0,
  );
  const mayBeSilent = limits.heard_until_us !== undefined || !isOpenStep;
  const isSilent = mayBeSilent && view.clock_us - heard_us > silent_after_us;
  if (!hangs && !isSilent) return undefined;
  const silent_from_us = isSilent ? Math.max(heard_us, end.progress_us) : undefined;
  return { from_us: hangs ? end.progress_us : (silent_from_us ?? end.progress_us), silent_from_us };
}

function hangLimit(end: OpenEnd, step_us: number | undefined, limits: LiveLimits): number {
  if (end.last === undefined || step_us === undefined) return limits.hang_before_first_step_us;
  return stepLimit(end.last.count, step_us, limits);
}

/** Net microseconds past which a line of `count` steps can only hang. */
function stepLimit(count: number, step_us: number, limits: LiveLimits): number {
  return (count - 1) * step_us + Math.max(limits.hang_factor * step_us, limits.hang_floor_us);
}

/**
 * The same for a line that is over: an attempt's first step may compile for as long as a first step may.
 *
 * @param step_us what a completed step of the job usually takes; undefined when there is none
 */
export function pastStepLimit(
  count: number,
  isFirst: boolean,
  step_us: number | undefined,
  limits: LiveLimits,
): number {
  if (step_us === undefined) return limits.hang_before_first_step_us;
  const limit_us = stepLimit(count, step_us, limits);
  return isFirst ? Math.max(limit_us, limits.hang_before_first_step_us) : limit_us;
}

/** A completed step as far as it takes to tell whether it hung. */
export interface TimedStep {
  readonly launch: number;
  readonly count: number;
  readonly start_us: number;
  readonly end_us: number;
  readonly net_us: number;
  readonly isFirst: boolean;
}

/**
 * The completed steps, in order. Steps in a gap of a log (`unlogged`) were measured by nobody.
 *
 * @param launch_before attempt of the execution before the first of them, where the list begins in the middle
 */
export function timedSteps(
  executions: readonly Execution[],
  net_us: readonly number[],
  launch_before?: number,
): TimedStep[] {
  const timed: TimedStep[] = [];
  let before = launch_before;
  for (const [index, execution] of executions.entries()) {
    const { launch, count, start_us, end_us } = execution;
    const isFirst = launch !== before;
    before = launch;
    if (!execution.completed || !isProgress(execution) || execution.labels['unlogged'] === true) continue;
    if (hasStartupInside(execution)) continue;
    timed.push({ launch, count, start_us, end_us, net_us: net_us[index] ?? 0, isFirst });
  }
  return timed;
}

/** Completed steps that took so long that the job would have been called hung meanwhile. */
export function resumedHangs(
  timed: readonly TimedStep[],
  step_us: number | undefined,
  limits: LiveLimits,
): TimedStep[] {
  if (step_us === undefined) return [];
  return timed.filter(({ count, isFirst, net_us }) => {
    return net_us > pastStepLimit(count, isFirst, step_us, limits);
  });
}

/** What a completed step of the job usually takes, microseconds; undefined without one. */
export function medianStep(executions: readonly Execution[], times: StepTimes): number | undefined {
  const completed: number[] = [];
  for (const [index, execution] of executions.entries()) {
    if (!execution.completed || !isProgress(execution) || hasStartupInside(execution)) continue;
    completed.push(index);
  }
  return usualStep(completed, executions, times);
}

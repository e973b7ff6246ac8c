import type { StepEvent } from '../../events.ts';
import type { Execution, Leg } from '../executions.ts';
import type { Launch } from '../launches.ts';

/** A place where the timeline can be cut so that what lies before it does not depend on what lies behind. */
export interface Cut {
  readonly time_us: number;
  readonly launch: number;
  /** First event and first execution behind it, counted from the start of the stretch. */
  readonly row: number;
  readonly execution: number;
}

export interface Stretch {
  /** Step events in order of start, and whose each is. */
  readonly events: readonly StepEvent[];
  readonly launchOf: readonly number[];
  readonly launches: readonly Launch[];
  readonly executions: readonly Execution[];
  readonly legs: readonly Leg[];
}

export interface CutLimits {
  /** Executions of a chapter, at least. */
  readonly chapter_steps: number;
  /** Executions that stay open at the end: sources are skewed and late. At least 2. */
  readonly lag_steps: number;
}

/**
 * Cuts a stretch into chapters: one cut as soon as `chapter_steps` executions lie before it and it holds. A cut stands
 * at the start of a step of an attempt that runs then, where
 *
 * - no step, evaluation or later event of a step reaches over it, and the last execution before it is no evaluation;
 * - all events before it are of this or earlier attempts, all behind it of this or later ones;
 * - everything that was undone before it was undone by a leg that began before it;
 * - no leg goes on behind it with a step that it already had.
 */
export function cutsOf(stretch: Stretch, { chapter_steps, lag_steps }: CutLimits): Cut[] {
  const { executions } = stretch;
  const bounds = boundsOf(stretch);
  const reopened = reopenedBy(executions);
  const cuts: Cut[] = [];
  let from = 0;
  for (let index = chapter_steps; index <= executions.length - Math.max(2, lag_steps); index++) {
    if (index - from < chapter_steps || reopened[index] === 1) continue;
    const cut = cutAt(stretch, bounds, index);
    if (cut === undefined) continue;
    cuts.push(cut);
    from = index;
  }
  return cuts;
}

/** For each row: what lies before it reaches this far, and which attempts lie before and behind. */
interface Bounds {
  readonly until_us: readonly number[];
  readonly evaluated_until_us: readonly number[];
  readonly launch_before: readonly number[];
  readonly launch_behind: readonly number[];
  /** For each execution: newest event of those before it, highest leg that undid one of them, and own highest leg. */
  readonly told_until_us: readonly number[];
  readonly undone_by: readonly number[];
  readonly leg: readonly number[];
  readonly row: readonly number[];
}

function boundsOf({ events, launchOf, executions }: Stretch): Bounds {
  const until_us = [Number.NEGATIVE_INFINITY];
  const evaluated_until_us = [Number.NEGATIVE_INFINITY];
  const launch_before = [-1];
  for (const [row, { start_us, end_us, kind }] of events.entries()) {
    const reached_us = Math.max(start_us, end_us ?? start_us);
    until_us.push(Math.max(until_us[row] ?? reached_us, reached_us));
    const evaluated = evaluated_until_us[row] ?? reached_us;
    evaluated_until_us.push(kind === 'eval' ? Math.max(evaluated, reached_us) : evaluated);
    launch_before.push(Math.max(launch_before[row] ?? -1, launchOf[row] ?? -1));
  }
  const launch_behind: number[] = [];
  for (let row = events.length - 1, least = Number.POSITIVE_INFINITY; row >= 0; row--) {
    least = Math.min(least, launchOf[row] ?? -1);
    launch_behind[row] = least;
  }
  const told_until_us = [Number.NEGATIVE_INFINITY];
  const undone_by = [-1];
  const leg = [-1];
  const rows: number[] = [];
  let row = 0;
  for (const [index, execution] of executions.entries()) {
    while (row < events.length && (events[row]?.start_us ?? 0) < execution.told_from_us) row++;
    rows.push(row);
    const told = Math.max(execution.told_until_us, execution.end_us);
    told_until_us.push(Math.max(told_until_us[index] ?? told, told));
    const undone = execution.completed ? (execution.undone_by ?? -1) : -1;
    undone_by.push(Math.max(undone_by[index] ?? -1, undone));
    const isNext = index > 0 && executions[index - 1]?.launch !== execution.launch;
    leg.push(Math.max(isNext ? -1 : (leg[index] ?? -1), execution.leg));
  }
  return {
    until_us,
    evaluated_until_us,
    launch_before,
    launch_behind,
    told_until_us,
    undone_by,
    leg,
    row: rows,
  };
}

function cutAt(stretch: Stretch, bounds: Bounds, index: number): Cut | undefined {
  const { events, launches, executions, launchOf } = stretch;
  const next = executions[index];
  const last = executions[index - 1];
  if (next === undefined || last === undefined) return undefined;
  const row = bounds.row[index] ?? -1;
  const time_us = events[row]?.start_us ?? Number.NaN;
  if (row <= 0 || time_us !== next.told_from_us) return undefined;
  if ((events[row - 1]?.start_us ?? time_us) >= time_us || last.told_from_us >= time_us) return undefined;
  if ((bounds.until_us[row] ?? time_us) > time_us) return undefined;
  if ((bounds.evaluated_until_us[row] ?? time_us) >= time_us) return undefined;
  const told_us = bounds.told_until_us[index] ?? time_us;
  if (told_us > time_us || last.told_until_us >= time_us) return undefined;
  const launch = launchOf[row] ?? -1;
  if (launch !== next.launch || (last.launch === launch && last.kind === 'eval')) return undefined;
  if ((bounds.launch_before[row] ?? launch) > launch || (bounds.launch_behind[row] ?? -1) < launch) {
    return undefined;
  }
  const { start_us, close_us } = launches[launch] ?? { start_us: time_us, close_us: time_us };
  if (start_us >= time_us || close_us <= time_us) return undefined;
  if ((bounds.undone_by[index] ?? -1) >= legsBefore(stretch, bounds, index, launch)) return undefined;
  return { time_us, launch, row, execution: index };
}

/** How many legs of the job began before an execution of `launch`. */
function legsBefore({ executions, legs }: Stretch, bounds: Bounds, index: number, launch: number): number {
  const own = executions[index - 1]?.launch === launch ? (bounds.leg[index] ?? -1) : -1;
  return own >= 0 ? own + 1 : firstLegOf(legs, launch);
}

function firstLegOf(legs: readonly Leg[], launch: number): number {
  const first = legs.findIndex((leg) => leg.launch >= launch);
  return first === -1 ? legs.length : first;
}

/** 1 for each place between executions where a leg goes on behind with a step that it had before. */
function reopenedBy(executions: readonly Execution[]): Uint8Array {
  const reopened = new Uint8Array(executions.length + 1);
  const highest = new Map<number, number>();
  for (const [index, { leg, step, count }] of executions.entries()) {
    if (leg < 0) continue;
    const before = highest.get(leg) ?? Number.NEGATIVE_INFINITY;
    if (step - count < before) {
      const first = executions.findIndex((other) => other.leg === leg && other.step > step - count);
      reopened.fill(1, first + 1, index + 1);
    }
    highest.set(leg, Math.max(before, step));
  }
  return reopened;
}

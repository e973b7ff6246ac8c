import { type Execution, hasStartupInside, isProgress } from './executions.ts';
import type { Launch } from './launches.ts';
import { type StepTimes, usualStep } from './usual-step.ts';

export interface ProgramStartup {
  /** Index of each attempt's first kept execution. */
  readonly first: ReadonlySet<number>;
  /** By index, what of a first kept execution is start-up; none where it is not slow. */
  readonly slow: ReadonlyMap<number, SlowStart>;
}

/** The part of an attempt's first kept step that is start-up. */
export interface SlowStart {
  readonly excess_us: number;
  /** `startup` where the line counts from the launch on, so that most of it is no part of any step. */
  readonly bucket: 'program_startup' | 'startup';
  /** When its steps began; undefined where nobody knows. */
  readonly begin_us: number | undefined;
}

/**
 * R7: excess of an attempt's first kept step, in net time, over what its other kept steps usually take. A first line that
 * averages several steps carries the start-up of one: what it exceeds is that many medians. An attempt with one kept
 * execution has nothing to compare with, and a first step that is not slower has no excess; where its line counts from
 * the launch on, lost steps and other attempts tell how long a step takes, and without any, none of its time is known to
 * be stepping.
 *
 * @param executions of all attempts in order
 * @param times what is left of each
 */
export function programStartup(
  executions: readonly Execution[],
  times: StepTimes,
  launches: readonly Pick<Launch, 'device_count'>[],
): ProgramStartup {
  const first = new Set<number>();
  const slow = new Map<number, SlowStart>();
  const keptOf = new Map<number, number[]>();
  const lostOf = new Map<number, number[]>();
  for (const [index, execution] of executions.entries()) {
    if (isUndone(execution)) {
      const lost = lostOf.get(execution.launch);
      if (lost === undefined) lostOf.set(execution.launch, [index]);
      else lost.push(index);
    }
    if (execution.fate !== 'productive' || !isProgress(execution)) continue;
    const kept = keptOf.get(execution.launch);
    if (kept === undefined) {
      keptOf.set(execution.launch, [index]);
      first.add(index);
    } else if (!hasStartupInside(execution)) kept.push(index);
  }
  const usual: UsualSteps = {
    kept: (launch) => usualStep((keptOf.get(launch) ?? []).slice(1), executions, times),
    lost: (launch) => usualStep(lostOf.get(launch) ?? [], executions, times),
  };
  for (const [index] of keptOf.values()) {
    const execution = executions[index ?? -1];
    if (index === undefined || execution === undefined) continue;
    const usual_us = usualFor(execution, launches, usual);
    const part = slowStart(execution, times.net_us[index] ?? 0, usual_us);
    if (part !== undefined) slow.set(index, part);
  }
  return { first, slow };
}

/** A completed step that was rolled back, of which it is known when it began. */
export function isUndone(execution: Execution): boolean {
  return (
    execution.completed &&
    execution.fate === 'lost_work' &&
    isProgress(execution) &&
    !hasStartupInside(execution)
  );
}

/** What a step of an attempt usually takes, microseconds: by its kept ones, the first one aside, and by its lost ones. */
export interface UsualSteps {
  kept(launch: number): number | undefined;
  lost(launch: number): number | undefined;
}

/**
 * What a step of an attempt usually takes, to compare its first one with: what its others do. For a line with start-up
 * inside that has no others, its lost ones do, then those of the nearest attempt with as many devices, an earlier one
 * before a later.
 */
export function usualFor(
  first: Pick<Execution, 'launch' | 'labels'>,
  launches: readonly Pick<Launch, 'device_count'>[],
  usual: UsualSteps,
): number | undefined {
  const { launch } = first;
  const usualOf = (index: number) => usual.kept(index) ?? usual.lost(index);
  if (!hasStartupInside(first)) return usual.kept(launch);
  const own = usualOf(launch);
  if (own !== undefined) return own;
  const devices = launches[launch]?.device_count;
  const isAlike = (index: number) => launches[index]?.device_count === devices;
  for (let index = launch - 1; index >= 0; index--) {
    const usual_us = isAlike(index) ? usualOf(index) : undefined;
    if (usual_us !== undefined) return usual_us;
  }
  for (let index = launch + 1; index < launches.length; index++) {
    const usual_us = isAlike(index) ? usualOf(index) : undefined;
    if (usual_us !== undefined) return usual_us;
  }
  return undefined;
}

/** What of a first kept execution is start-up; undefined where nothing is. Microseconds. */
export function slowStart(
  execution: Pick<Execution, 'start_us' | 'end_us' | 'count' | 'labels'>,
  net_us: number,
  usual_us: number | undefined,
): SlowStart | undefined {
  const { start_us, end_us, count } = execution;
  const isInside = hasStartupInside(execution);
  if (usual_us === undefined) {
    return isInside ? { excess_us: net_us, bucket: 'startup', begin_us: undefined } : undefined;
  }
  const steps_us = Math.round(usual_us * count);
  const excess_us = Math.round(net_us - usual_us * count);
  if (!isInside)
    return excess_us > 0 ? { excess_us, bucket: 'program_startup', begin_us: start_us } : undefined;
  return {
    excess_us: Math.max(0, excess_us),
    bucket: 'startup',
    begin_us: Math.max(start_us, end_us - steps_us),
  };
}

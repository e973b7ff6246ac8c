import { type Execution, isProgress } from './executions.ts';
import { type StepTimes, usualStep } from './usual-step.ts';

export interface ProgramStartup {
  /** Index of each attempt's first kept execution. */
  readonly first: ReadonlySet<number>;
  /** Microseconds by which a first kept execution exceeds what its steps take later in the attempt. */
  readonly excess_us: ReadonlyMap<number, number>;
}

/**
 * R7: excess of an attempt's first kept step, in net time, over what its other kept steps usually take. A first line that
 * averages several steps carries the start-up of one: what it exceeds is that many medians. An attempt with one kept
 * execution has nothing to compare with, and a first step that is not slower has no excess.
 *
 * @param executions of all attempts in order
 * @param times what is left of each
 */
export function programStartup(executions: readonly Execution[], times: StepTimes): ProgramStartup {
  const first = new Set<number>();
  const excess_us = new Map<number, number>();
  const keptOf = new Map<number, number[]>();
  for (const [index, execution] of executions.entries()) {
    if (execution.fate !== 'productive' || !isProgress(execution)) continue;
    const kept = keptOf.get(execution.launch);
    if (kept === undefined) {
      keptOf.set(execution.launch, [index]);
      first.add(index);
    } else kept.push(index);
  }
  for (const [index, ...others] of keptOf.values()) {
    if (index === undefined) continue;
    const usual_us = usualStep(others, executions, times);
    if (usual_us === undefined) continue;
    const excess = Math.round((times.net_us[index] ?? 0) - usual_us * (executions[index]?.count ?? 1));
    if (excess > 0) excess_us.set(index, excess);
  }
  return { first, excess_us };
}

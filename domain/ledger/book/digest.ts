import { type Execution, isProgress } from '../executions.ts';
import { upperBound } from '../job-view.ts';

/**
 * Where the digest of a job's executions stands at a cut. The digest is the few of them for which incidents, lost steps
 * and the last step come out as for all: of each attempt the first, the first to reach what an earlier failure had
 * reached, the highest and the last; runs of lost ones as one each.
 */
export interface DigestState {
  readonly launch: number;
  /** Whether a progress execution of that attempt came before the cut. */
  readonly hasFirst: boolean;
  readonly highest: number;
  /** The highest and the last completed execution of the attempt so far. */
  readonly top: Execution | undefined;
  readonly last: Execution | undefined;
  /** Highest completed step up to the end of each earlier attempt, ascending: what later ones have to regain. */
  readonly wanted: readonly number[];
}

export const EMPTY_DIGEST: DigestState = {
  launch: -1,
  hasFirst: false,
  highest: Number.NEGATIVE_INFINITY,
  top: undefined,
  last: undefined,
  wanted: [],
};

/** The executions of the open attempt that stand for it until it goes on. */
export function openDigest({ top, last }: DigestState): Execution[] {
  if (last === undefined) return [];
  return top === undefined || top === last ? [last] : [top, last];
}

/** Digests a stretch; `kept` is what stays of it for good. */
export function digested(
  before: DigestState,
  executions: readonly Execution[],
): { kept: Execution[]; state: DigestState } {
  const kept: Execution[] = [];
  let state = before;
  let run: Execution | undefined;
  const endRun = () => {
    if (run !== undefined) kept.push(run);
    run = undefined;
  };
  for (const execution of executions) {
    if (!isProgress(execution)) continue;
    if (execution.launch !== state.launch) {
      endRun();
      kept.push(...openDigest(state));
      state = nextLaunch(state, execution.launch);
    }
    const after = withExecution(state, execution);
    const isLandmark = !state.hasFirst || (execution.completed && isReached(state, execution.step));
    if (isLandmark) {
      endRun();
      kept.push(execution);
    } else if (execution.completed && execution.fate === 'lost_work') {
      const joined = run === undefined ? undefined : joinedRun(run, execution);
      if (joined === undefined) endRun();
      run = joined ?? execution;
    }
    state = after;
  }
  endRun();
  return { kept, state };
}

function nextLaunch({ wanted, highest }: DigestState, launch: number): DigestState {
  const before = wanted.at(-1) ?? Number.NEGATIVE_INFINITY;
  return { ...EMPTY_DIGEST, launch, wanted: highest > before ? [...wanted, highest] : wanted };
}

function withExecution(state: DigestState, execution: Execution): DigestState {
  if (!execution.completed) return state.hasFirst ? state : { ...state, hasFirst: true };
  const isTop = execution.step > state.highest;
  return {
    ...state,
    hasFirst: true,
    highest: isTop ? execution.step : state.highest,
    top: isTop ? execution : state.top,
    last: execution,
  };
}

/** Whether this completed step is the attempt's first one at or above some wanted step, or its first at all. */
function isReached({ highest, wanted }: DigestState, step: number): boolean {
  if (highest === Number.NEGATIVE_INFINITY) return true;
  if (step <= highest) return false;
  const above = upperBound(wanted.length, (index) => wanted[index] ?? 0, highest);
  return (wanted[above] ?? Number.POSITIVE_INFINITY) <= step;
}

/** Two lost executions of one leg that follow each other, as one that covers the steps of both. */
function joinedRun(run: Execution, next: Execution): Execution | undefined {
  const follows =
    run.launch === next.launch &&
    run.leg === next.leg &&
    run.undone_by === next.undone_by &&
    run.step === next.step - next.count;
  if (!follows) return undefined;
  return { ...next, count: run.count + next.count, start_us: run.start_us };
}

import type { MarkEvent } from '../events.ts';
import {
  distinctSteps,
  type Execution,
  type Executions,
  hasStartupInside,
  isProgress,
  lostAt,
} from './executions.ts';
import { upperBound } from './job-view.ts';
import type { Launch } from './launches.ts';
import type { Incident } from './ledger-shape.ts';
import type { Excess } from './paint.ts';
import type { Stall } from './stall.ts';

/** A step that took too long for anything but a hang, and yet went on: from its start to its end. */
export type ResumedHang = Pick<Execution, 'launch' | 'start_us' | 'end_us'>;

export interface Standstills {
  /** What the open end of the job is in. */
  readonly stall: Stall | undefined;
  readonly resumed: readonly ResumedHang[];
  /** By attempt, what of its first kept step is start-up. */
  readonly excesses: ReadonlyMap<number, Excess>;
}

/** What the steps of one attempt say about progress. */
interface LaunchProgress {
  hasSteps: boolean;
  /** Start of its first step; undefined without one, and where nobody said when it began. */
  first_step_us: number | undefined;
  first_step: number;
  readonly slow: Excess | undefined;
  /** Completed executions in order, and the highest completed step up to and including each. */
  readonly completed: Execution[];
  readonly highest: number[];
  last_end_us: number | undefined;
  /** Completed executions that its end cost, of this attempt and earlier ones. */
  readonly lost: Execution[];
}

/** What a failure is measured against. */
interface Before {
  readonly launch: Launch;
  readonly failed_at_us: number;
  /** Highest step completed before it; minus infinity for none. */
  readonly highest: number;
  readonly last_progress_at_us: number | undefined;
  readonly lost_steps: number;
}

/**
 * One incident for each boundary between two attempts, one for a failure or an unclean end that nothing followed, one
 * for each hang that went on by itself, and one for a current hang or silence. An attempt that ended without a fail
 * failed when it ended. When one failed that was superseded without a word nobody knows: its incident stands at the next
 * start, and only what is counted from the last progress is known of it.
 */
export function incidentsOf(
  job: string,
  launches: readonly Launch[],
  executions: Executions,
  marks: readonly MarkEvent[],
  { stall, resumed, excesses }: Standstills,
): Incident[] {
  const progress = progressOf(launches, executions, excesses);
  const sorted = [...marks].sort((a, b) => a.time_us - b.time_us);
  const incidents: Incident[] = [];
  let highest = Number.NEGATIVE_INFINITY;
  let last_progress_at_us: number | undefined;
  for (const [index, launch] of launches.entries()) {
    const own = progress[index];
    highest = Math.max(highest, own?.highest.at(-1) ?? highest);
    last_progress_at_us = own?.last_end_us ?? last_progress_at_us;
    const next = launches[index + 1];
    const lost_steps = distinctSteps(own?.lost ?? []);
    const before = { launch, failed_at_us: launch.close_us, highest, last_progress_at_us, lost_steps };
    for (const hang of resumed) if (hang.launch === index) incidents.push(resumedHang(job, launch, hang));
    if (next === undefined && !wentWrong(launch)) {
      if (stall !== undefined) incidents.push(stalled(job, before, stall, sorted));
      break;
    }
    const until_us = next === undefined ? Number.POSITIVE_INFINITY : nextFailure(next, launches[index + 2]);
    const told = marksBetween(sorted, before.failed_at_us, until_us);
    incidents.push(interruption(job, before, next, recovery(before, progress, index + 1), told));
  }
  const isOver = launches.at(-1)?.ending === 'clean' || launches.at(-1)?.ending === 'unclean';
  return isOver ? incidents.map(endedWithJob) : incidents;
}

/** The end of a log that is only part of a run says nothing about how the run ended. */
function wentWrong({ ending, isPresumed }: Launch): boolean {
  return ending === 'fail' || (ending === 'unclean' && !isPresumed);
}

function endedWithJob(incident: Incident): Incident {
  return incident.state === 'open' ? { ...incident, state: 'ended' } : incident;
}

function nextFailure(next: Launch, afterwards: Launch | undefined): number {
  const isOver = next.ending === 'fail' || afterwards !== undefined;
  return isOver ? next.close_us : Number.POSITIVE_INFINITY;
}

function progressOf(
  launches: readonly Launch[],
  { list, legs }: Executions,
  excesses: ReadonlyMap<number, Excess>,
): LaunchProgress[] {
  const progress = launches.map((_, index): LaunchProgress => {
    return {
      hasSteps: false,
      slow: excesses.get(index),
      first_step_us: undefined,
      first_step: Number.POSITIVE_INFINITY,
      completed: [],
      highest: [],
      last_end_us: undefined,
      lost: [],
    };
  });
  for (const execution of list) {
    const own = progress[execution.launch];
    if (own === undefined || !isProgress(execution)) continue;
    if (!own.hasSteps) own.first_step_us = beginOf(execution, own);
    own.hasSteps = true;
    if (!execution.completed) continue;
    own.completed.push(execution);
    own.highest.push(Math.max(own.highest.at(-1) ?? execution.step, execution.step));
    own.last_end_us = Math.max(own.last_end_us ?? execution.end_us, execution.end_us);
    const lost_at = lostAt(execution, legs);
    if (lost_at !== undefined) progress[lost_at]?.lost.push(execution);
  }
  for (const { launch, first_step } of legs) {
    const own = progress[launch];
    if (own !== undefined && own.first_step === Number.POSITIVE_INFINITY) own.first_step = first_step;
  }
  return progress;
}

/** When the steps of a line began; undefined where nobody knows. */
function beginOf(execution: Execution, { slow }: Pick<LaunchProgress, 'slow'>): number | undefined {
  if (!hasStartupInside(execution)) return execution.start_us;
  return slow?.from_us === execution.start_us ? slow.begin_us : undefined;
}

interface Recovery {
  readonly isRegained: boolean;
  /** Undefined: not yet, or nobody knows when. */
  readonly first_step_us: number | undefined;
  readonly regained_us: number | undefined;
}

/** R9: the next step start, and when the highest completed step is back at what it was. */
function recovery(before: Before, progress: readonly LaunchProgress[], from: number): Recovery {
  let first: LaunchProgress | undefined;
  for (let index = from; index < progress.length; index++) {
    const own = progress[index];
    if (own === undefined || !own.hasSteps) continue;
    if (first === undefined && own.first_step > before.highest) {
      return { isRegained: true, first_step_us: own.first_step_us, regained_us: own.first_step_us };
    }
    first ??= own;
    const at = upperBound(own.highest.length, (position) => own.highest[position] ?? 0, before.highest - 1);
    const again = own.completed[at];
    if (again === undefined) continue;
    const regained_us = completedAt(again, beginOf(again, own), before.highest);
    return { isRegained: true, first_step_us: first.first_step_us, regained_us };
  }
  return { isRegained: false, first_step_us: first?.first_step_us, regained_us: undefined };
}

/** When a line of several steps completed one of them, its time from its begin on shared evenly. */
function completedAt(
  { step, count, end_us }: Execution,
  begin_us: number | undefined,
  wanted: number,
): number | undefined {
  const done = Math.max(1, wanted - (step - count));
  if (done >= count) return end_us;
  return begin_us === undefined ? undefined : begin_us + Math.round(((end_us - begin_us) * done) / count);
}

type Told = Readonly<Partial<Record<MarkEvent['kind'], number>>>;

/** The first mark of each kind in `[from_us, until_us)`; a later one of the same kind repeats it. */
export function marksBetween(sorted: readonly MarkEvent[], from_us: number, until_us: number): Told {
  const told: Partial<Record<MarkEvent['kind'], number>> = {};
  const first = upperBound(sorted.length, (index) => sorted[index]?.time_us ?? 0, from_us - 1);
  for (let index = first; index < sorted.length; index++) {
    const mark = sorted[index];
    if (mark === undefined || mark.time_us >= until_us) break;
    told[mark.kind] ??= mark.time_us;
  }
  return told;
}

function interruption(
  job: string,
  before: Before,
  next: Launch | undefined,
  { isRegained, first_step_us, regained_us }: Recovery,
  told: Told,
): Incident {
  const { launch, failed_at_us, last_progress_at_us } = before;
  const { fail } = launch;
  const isKnown = launch.ending !== 'superseded';
  const after = (time_us: number | undefined) => (isKnown ? seconds(failed_at_us, time_us) : null);
  return {
    id: `${job}/${launch.attempt}`,
    kind: 'interruption',
    state: isRegained ? 'recovered' : 'open',
    attempt: launch.attempt,
    failed_at_us,
    last_progress_at_us: last_progress_at_us ?? null,
    cause: fail?.cause ?? null,
    node: fail?.node ?? null,
    device: fail?.device === undefined ? null : String(fail.device),
    planned: fail?.planned ?? false,
    lost_steps: before.lost_steps,
    time_to_detect_s: after(told.detect),
    time_to_localize_s: after(told.localized),
    time_to_nodes_ready_s: after(told.nodes_ready),
    time_to_restart_s: after(next?.start_us),
    time_to_first_step_s: after(first_step_us),
    time_to_regain_progress_s: after(regained_us),
    last_progress_to_regain_s:
      last_progress_at_us === undefined ? null : seconds(last_progress_at_us, regained_us),
  };
}

function stalled(job: string, before: Before, stall: Stall, sorted: readonly MarkEvent[]): Incident {
  const nothing = { isRegained: false, first_step_us: undefined, regained_us: undefined };
  const told = marksBetween(sorted, stall.from_us, Number.POSITIVE_INFINITY);
  const since = { ...before, failed_at_us: stall.from_us, lost_steps: 0 };
  const kind = stall.silent_from_us === undefined ? 'hang' : 'silence';
  return { ...interruption(job, since, undefined, nothing, told), kind };
}

/** The step ended in the end, so its time stays productive (R2); that nothing moved meanwhile is told here. */
function resumedHang(job: string, launch: Launch, { start_us, end_us }: ResumedHang): Incident {
  const before = {
    launch,
    failed_at_us: start_us,
    highest: Number.NEGATIVE_INFINITY,
    last_progress_at_us: start_us,
    lost_steps: 0,
  };
  const again = { isRegained: true, first_step_us: end_us, regained_us: end_us };
  const incident = interruption(job, before, undefined, again, {});
  return {
    ...incident,
    id: `${incident.id}/hang-${start_us}`,
    kind: 'hang',
    cause: null,
    node: null,
    device: null,
  };
}

function seconds(from_us: number, to_us: number | undefined): number | null {
  return to_us === undefined ? null : (to_us - from_us) / 1e6;
}

import type { StepEvent } from '../../events.ts';
import { type Execution, isProgress, type LegState, mergedSteps } from '../executions.ts';
import type { Launch } from '../launches.ts';
import type { Segment } from '../ledger-shape.ts';
import { overlappedBy } from '../paint.ts';
import { type TimedStep, timedSteps } from '../stall.ts';
import type { Carry, Chapter, FirstKept } from './chapter.ts';
import { type Cut, type CutLimits, cutsOf } from './cuts.ts';
import { digested } from './digest.ts';
import { rowsOf } from './ledger-rows.ts';
import type { Look, Past, Representative } from './look.ts';
import { samplesOf } from './step-statistics.ts';

/** A step this many times as long as usual is remembered by itself: it may have been a hang. */
const LONG_FACTOR = 3;

export interface Sealed {
  readonly chapter: Chapter;
  /** Its segments, slow first steps still productive, and its executions among those of the stretch. */
  readonly segments: readonly Segment[];
  readonly executions: { readonly from: number; readonly to: number };
  readonly digest: readonly Execution[];
  readonly representatives: readonly Representative[];
}

/** The open stretch, and what the chapters before it know already. */
export interface Sealable {
  readonly past: Past;
  readonly look: Look;
  /** Step events of the stretch, in order of start. */
  readonly tail: readonly StepEvent[];
  /** The stretch painted without slow first steps. */
  readonly plain: readonly Segment[];
  readonly step_us: number | undefined;
  /** Whether the first kept execution of an attempt lies in an earlier chapter. */
  readonly hasFirst: (launch: number) => boolean;
  /** Starts of attempts without a number: what lies between two of them tells attempts apart. */
  readonly unnumbered_us: readonly number[];
}

/** Seals as many chapters from the front of a stretch as it holds. */
export function sealedFrom(sealable: Sealable, limits: CutLimits): Sealed[] {
  const { past, look, tail } = sealable;
  const { launches, executions } = look.stretch;
  const launchOf = ownersOf(tail, launches);
  const cuts = cutsOf(
    { events: tail, launchOf, launches, executions: look.executions, legs: executions.legs },
    limits,
  );
  const sealed: Sealed[] = [];
  let from: Place = {
    carry: past.carry,
    row: 0,
    execution: 0,
    segment: 0,
    digest: past.digest.length,
    representatives: past.representatives,
    firsts: new Set(),
  };
  for (const cut of cuts) {
    const state = stateAt(sealable, from, cut, launchOf);
    if (state === undefined) continue;
    const next = chapterOf(sealable, from, cut, state, launchOf);
    sealed.push(next.sealed);
    from = next.place;
  }
  return sealed;
}

interface Place {
  readonly carry: Carry;
  readonly row: number;
  readonly execution: number;
  readonly segment: number;
  readonly digest: number;
  readonly representatives: readonly Representative[];
  readonly firsts: ReadonlySet<number>;
}

function ownersOf(tail: readonly StepEvent[], launches: readonly Launch[]): number[] {
  const owners = new Map<StepEvent, number>();
  for (const [index, { steps }] of launches.entries()) for (const event of steps) owners.set(event, index);
  return tail.map((event) => owners.get(event) ?? -1);
}

/** The merge of steps at a cut; undefined where a leg that began before it turns out to begin lower behind it. */
function stateAt(
  { look, tail }: Sealable,
  { carry, row }: Place,
  cut: Cut,
  launchOf: readonly number[],
): LegState | undefined {
  const { launches, executions } = look.stretch;
  const steps = new Map<number, StepEvent[]>();
  for (let index = row; index < cut.row; index++) {
    const event = tail[index];
    const launch = launchOf[index] ?? -1;
    if (event === undefined) continue;
    const own = steps.get(launch);
    if (own === undefined) steps.set(launch, [event]);
    else own.push(event);
  }
  const part = launches.slice(0, cut.launch + 1);
  for (let index = carry.launch; index <= cut.launch; index++) {
    const launch = part[index];
    if (launch !== undefined) part[index] = { ...launch, steps: steps.get(index) ?? [] };
  }
  const prior = { launch: carry.launch, legs: executions.legs, state: carry.state };
  const state = mergedSteps(part, Number.POSITIVE_INFINITY, prior).states.at(-1);
  const isFinal = state?.own.every(({ lowest }, index) => {
    return executions.legs[state.base + index]?.first_step === lowest;
  });
  return isFinal === true ? state : undefined;
}

function chapterOf(
  sealable: Sealable,
  from: Place,
  cut: Cut,
  state: LegState,
  launchOf: readonly number[],
): { sealed: Sealed; place: Place } {
  const { look, tail, plain, past } = sealable;
  const executions = look.executions.slice(from.execution, cut.execution);
  const offset = look.offset + from.execution;
  const begin_us = Math.max(from.carry.to_us, look.from_us);
  const { segments, next } = segmentsTo(plain, from.segment, begin_us, cut.time_us);
  const digest = digested(from.carry.digest, executions);
  const firsts = firstsOf(sealable, from, executions, offset, segments);
  const firstSet = new Set(firsts.map(({ execution }) => execution));
  const net_us = look.measured.net_us.slice(offset, offset + executions.length);
  const { long, longest_us } = sorted(
    timedSteps(executions, net_us, from.carry.launch_before),
    sealable.step_us,
  );
  const kept_step = keptStep(executions);
  const carry: Carry = {
    to_us: cut.time_us,
    row: past.carry.row + cut.row,
    newest_start_us: tail[cut.row - 1]?.start_us ?? from.carry.newest_start_us,
    launch: cut.launch,
    state,
    launch_before: executions.at(-1)?.launch ?? from.carry.launch_before,
    digest: digest.state,
    kept_step: Math.max(kept_step, from.carry.kept_step),
    longest_us: longestOf(from.carry.longest_us, longest_us),
  };
  const chapter: Chapter = {
    from: from.carry,
    carry,
    owners: runsOf(launchOf, from.row, cut.row, past.carry.row),
    rows: rowsOf(segments),
    overlapped_us: overlappedBy(look.all, begin_us, cut.time_us),
    samples: samplesOf(executions, look.measured, offset, (execution) => firstSet.has(execution)),
    firsts,
    long,
    longest_us,
    kept_step,
    digest_before: from.digest,
    representatives_before: from.representatives.length,
  };
  const representatives = representativesOf(sealable, from, tail.slice(from.row, cut.row), launchOf);
  return {
    sealed: {
      chapter,
      segments,
      executions: { from: from.execution, to: cut.execution },
      digest: digest.kept,
      representatives,
    },
    place: {
      carry,
      row: cut.row,
      execution: cut.execution,
      segment: next,
      digest: from.digest + digest.kept.length,
      representatives: [...from.representatives, ...representatives],
      firsts: new Set([...from.firsts, ...firsts.map(({ execution }) => execution.launch)]),
    },
  };
}

function segmentsTo(
  plain: readonly Segment[],
  first: number,
  from_us: number,
  to_us: number,
): { segments: Segment[]; next: number } {
  const segments: Segment[] = [];
  let next = first;
  for (; next < plain.length; next++) {
    const segment = plain[next];
    if (segment === undefined || segment.from_us >= to_us) break;
    const begin_us = Math.max(segment.from_us, from_us);
    const end_us = Math.min(segment.to_us, to_us);
    if (end_us > begin_us) segments.push({ ...segment, from_us: begin_us, to_us: end_us });
    if (segment.to_us > to_us) break;
  }
  return { segments, next };
}

function firstsOf(
  { hasFirst, look }: Sealable,
  { firsts: before }: Place,
  executions: readonly Execution[],
  offset: number,
  segments: readonly Segment[],
): FirstKept[] {
  const firsts: FirstKept[] = [];
  const seen = new Set<number>();
  for (const [index, execution] of executions.entries()) {
    const { launch, fate } = execution;
    if (fate !== 'productive' || !isProgress(execution)) continue;
    if (seen.has(launch) || before.has(launch) || hasFirst(launch)) continue;
    seen.add(launch);
    firsts.push({
      execution,
      net_us: look.measured.net_us[offset + index] ?? 0,
      pieces: segments.filter(({ bucket, from_us }) => {
        return bucket === 'productive' && from_us >= execution.start_us && from_us < execution.end_us;
      }),
    });
  }
  return firsts;
}

function sorted(
  timed: readonly TimedStep[],
  step_us: number | undefined,
): Pick<Chapter, 'long' | 'longest_us'> {
  const long: TimedStep[] = [];
  const longest_us = new Map<number, number>();
  for (const step of timed) {
    if (step_us !== undefined && step.net_us > LONG_FACTOR * step_us * step.count) long.push(step);
    else longest_us.set(step.count, Math.max(longest_us.get(step.count) ?? 0, step.net_us));
  }
  return { long, longest_us };
}

/** The longer ones of both; the first map itself where nothing is longer, so that many chapters share one. */
function longestOf(
  before: ReadonlyMap<number, number>,
  own: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const longer = [...own].filter(([count, us]) => us > (before.get(count) ?? -1));
  return longer.length === 0 ? before : new Map([...before, ...longer]);
}

function keptStep(executions: readonly Execution[]): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (const execution of executions) {
    if (!execution.completed || !isProgress(execution) || execution.undone_by !== undefined) continue;
    highest = Math.max(highest, execution.step);
  }
  return highest;
}

function runsOf(launchOf: readonly number[], from: number, to: number, base: number): Chapter['owners'] {
  const runs: { row: number; launch: number }[] = [];
  for (let row = from; row < to; row++) {
    const launch = launchOf[row] ?? -1;
    if (runs.at(-1)?.launch !== launch) runs.push({ row: base + row, launch });
  }
  return runs;
}

/**
 * The events by which attempts are told apart also when the others are out of sight: of each attempt the first two of
 * different steps, and the first one after each start without a number.
 */
function representativesOf(
  { unnumbered_us }: Sealable,
  { representatives, row, carry }: Place,
  events: readonly StepEvent[],
  launchOf: readonly number[],
): Representative[] {
  const steps = new Map<number, number[]>();
  for (let index = representatives.length - 1; index >= 0; index--) {
    const known = representatives[index];
    if (known === undefined || known.launch < carry.launch) break;
    steps.set(known.launch, [...(steps.get(known.launch) ?? []), known.event.step]);
  }
  const found: Representative[] = [];
  let previous_us = carry.newest_start_us;
  for (const [index, event] of events.entries()) {
    const launch = launchOf[row + index] ?? -1;
    const own = steps.get(launch) ?? [];
    const isFirst = own.length === 0 || (own[0] !== event.step && own.every((step) => step === own[0]));
    const isAfterStart = unnumbered_us.some((time_us) => time_us <= event.start_us && time_us > previous_us);
    previous_us = event.start_us;
    if (!isFirst && !isAfterStart) continue;
    steps.set(launch, [...own, event.step]);
    found.push({ event, launch });
  }
  return found;
}

import type { StepEvent } from '../events.ts';
import type { Launch } from './launches.ts';
import type { StepExecution } from './ledger-shape.ts';

type Fate = StepExecution['fate'];

/** One execution of a step while the account is being made; `StepExecution` is what remains of it. */
export interface Execution {
  readonly launch: number;
  /** The stretch of its attempt it belongs to, in which steps only go forward. */
  readonly leg: number;
  readonly step: number;
  readonly count: number;
  readonly start_us: number;
  readonly end_us: number;
  /** R2: it has an end, or another step followed, or the attempt ended clean. */
  readonly completed: boolean;
  readonly kind: StepExecution['kind'];
  readonly tokens: number | undefined;
  readonly labels: StepExecution['labels'];
  readonly fate: Fate;
  /** The leg that did it again, where one did. */
  readonly undone_by: number | undefined;
  /** Earliest and latest start of the events it was told by, as they said it. */
  readonly told_from_us: number;
  readonly told_until_us: number;
}

/** A stretch of one attempt in which steps only go forward: usually the whole attempt. */
export interface Leg {
  readonly launch: number;
  readonly first_step: number;
}

export interface Executions {
  /** In order of start. The times of train steps do not overlap. */
  readonly list: readonly Execution[];
  readonly legs: readonly Leg[];
}

/** How far one source of a launch came. */
interface RankState {
  readonly leg: number;
  readonly highest: number;
}

/** The merge of one launch's steps where it was cut: what later steps of it depend on. */
export interface LegState {
  /** Number of the launch's first leg among those of the job. */
  readonly base: number;
  /** Of each of its legs: the lowest step, and the highest one that has an execution before the cut. */
  readonly own: readonly { readonly lowest: number; readonly highest: number }[];
  readonly ranks: ReadonlyMap<number, RankState>;
}

/** What was made of the steps before a cut; the launches before `launch` are over. */
export interface PriorSteps {
  readonly launch: number;
  readonly legs: readonly Leg[];
  readonly state: LegState;
}

export const NO_PRIOR_STEPS: PriorSteps = {
  launch: 0,
  legs: [],
  state: { base: 0, own: [], ranks: new Map() },
};

interface Draft {
  readonly event: StepEvent;
  /** Newest start of the events it absorbed. */
  until_us: number;
  readonly leg: number;
  count: number;
  end_us: number | undefined;
  /** Newest start told without an end. */
  open_us: number;
  tokens: number | undefined;
}

/**
 * The executions of every attempt's steps with their fate (R2, R4, R5). The same step told by many ranks is one
 * execution: earliest start, latest end, its tokens once. A line that averages `count` steps of which only some were
 * done again is cut in two, its time and tokens shared by the number of steps.
 *
 * @param prior where the steps before a cut are not in `launches` any more: the list then begins at the cut
 */
export function executionsOf(
  launches: readonly Launch[],
  until_us: number,
  prior: PriorSteps = NO_PRIOR_STEPS,
): Executions {
  const { resolved, legs } = mergedSteps(launches, until_us, prior);
  return { list: withFates(resolved, legs), legs };
}

export interface MergedSteps {
  /** Completed or not, before any is undone. */
  readonly resolved: readonly Execution[];
  readonly legs: readonly Leg[];
  /** The merge of each launch at its end, from `prior.launch` on. */
  readonly states: readonly LegState[];
  /** Some step may belong to one before the cut: the cut does not hold. */
  readonly reachesBack: boolean;
}

/** R2 and R5: the steps of every launch merged over its sources. */
export function mergedSteps(
  launches: readonly Launch[],
  until_us: number,
  prior: PriorSteps = NO_PRIOR_STEPS,
): MergedSteps {
  const legs = prior.legs.slice(0, prior.state.base);
  const states: LegState[] = [];
  const resolvedSteps: Execution[] = [];
  let reachesBack = false;
  for (let index = prior.launch; index < launches.length; index++) {
    const launch = launches[index];
    if (launch === undefined) break;
    const before = index === prior.launch ? prior.state.own : [];
    const ranks = index === prior.launch ? prior.state.ranks : undefined;
    const merged = draftsOf(launch, { base: legs.length, own: before, ranks: ranks ?? new Map() }, until_us);
    reachesBack ||= merged.reachesBack;
    for (const { lowest } of merged.state.own) legs.push({ launch: index, first_step: lowest });
    states.push(merged.state);
    for (const execution of resolved(launch, index, merged.drafts)) resolvedSteps.push(execution);
  }
  return { resolved: resolvedSteps, legs, states, reachesBack };
}

/** R4: what a later leg did again was lost. */
export function withFates(resolvedSteps: readonly Execution[], legs: readonly Leg[]): Execution[] {
  const redoneFrom = lowestAfter(legs);
  const nextLower = nextLowerLegs(legs);
  const list: Execution[] = [];
  for (const execution of resolvedSteps) {
    const cut = redoneFrom[execution.leg] ?? Number.POSITIVE_INFINITY;
    if (cut > execution.step) {
      list.push(execution);
      continue;
    }
    for (const part of splitAt(execution, cut)) {
      const undone_by = undoneBy(part, legs, nextLower);
      list.push(undone_by === undefined ? part : { ...part, undone_by, fate: undoneFate(part) });
    }
  }
  return list;
}

/** Evaluation is not training progress: it neither goes forward nor back. */
export function isProgress(execution: Pick<Execution, 'kind'>): boolean {
  return execution.kind !== 'eval';
}

/**
 * Whether a line counts from the launch on because nobody said when its steps began (label `startup_included`): what it
 * covers is start-up and steps, and how long a step takes cannot be read off it.
 */
export function hasStartupInside({ labels }: Pick<Execution, 'labels'>): boolean {
  return labels['startup_included'] === true;
}

/**
 * The attempt at whose end this execution was lost: its own when it was in flight at the failure, else the last one
 * that made steps before the one that did it again. Undefined when nothing was lost, or inside one process.
 */
export function lostAt(execution: Execution, legs: readonly Leg[]): number | undefined {
  if (execution.fate !== 'lost_work') return undefined;
  if (!execution.completed || execution.undone_by === undefined) return execution.launch;
  const before = legs[execution.undone_by - 1];
  return before?.launch === legs[execution.undone_by]?.launch ? undefined : before?.launch;
}

/** How many different steps some executions cover; a line of `count` steps covers `step - count + 1 .. step`. */
export function distinctSteps(executions: readonly Pick<Execution, 'step' | 'count'>[]): number {
  const sorted = [...executions].sort((a, b) => a.step - a.count - (b.step - b.count));
  let covered = Number.NEGATIVE_INFINITY;
  let steps = 0;
  for (const { step, count } of sorted) {
    steps += Math.max(0, step - Math.max(covered, step - count));
    covered = Math.max(covered, step);
  }
  return steps;
}

interface OpenLeg {
  /** Its drafts by step, from the cut on. */
  readonly known: Map<number, Draft>;
  lowest: number;
  /** Highest step before the cut. */
  readonly done: number;
}

/** Merges one attempt's step events (in order of start, from a cut on) and finds its legs. */
function draftsOf(
  launch: Launch,
  before: LegState,
  until_us: number,
): { drafts: Draft[]; state: LegState; reachesBack: boolean } {
  const drafts: Draft[] = [];
  const ranks = new Map(before.ranks);
  const own = before.own.map(({ lowest, highest }) => openLeg(lowest, highest));
  let reachesBack = false;
  let evaluation: Draft | undefined;
  for (const event of launch.steps) {
    if (event.kind === 'eval') {
      if (evaluation === undefined || !isSameEvaluation(evaluation, event, drafts.at(-1))) {
        evaluation = created(drafts, event, -1);
      }
      absorb(evaluation, event, until_us);
      continue;
    }
    const number = legOf(event, ranks, Math.max(0, own.length - 1));
    own[number] ??= openLeg(event.step, Number.NEGATIVE_INFINITY);
    const leg = own[number];
    if (event.step <= leg.done) reachesBack = true;
    const draft = leg.known.get(event.step) ?? created(drafts, event, before.base + number);
    leg.known.set(event.step, draft);
    absorb(draft, event, until_us);
    leg.lowest = Math.min(leg.lowest, event.step - (event.count ?? 1) + 1);
  }
  const state = { base: before.base, own: own.map(closedLeg), ranks };
  return { drafts, state, reachesBack };
}

function openLeg(lowest: number, done: number): OpenLeg {
  return { known: new Map(), lowest, done };
}

function closedLeg({ known, lowest, done }: OpenLeg): LegState['own'][number] {
  let highest = done;
  for (const step of known.keys()) if (step > highest) highest = step;
  return { lowest, highest };
}

/**
 * A source that goes back to a step before the one it told last has rolled back inside its process. A source that does
 * not say its rank may be several, so there one line back is taken for skew between them. One that is heard for the
 * first time is where the others are.
 */
function legOf(event: StepEvent, ranks: Map<number, RankState>, newest: number): number {
  const known = ranks.get(event.rank ?? -1);
  if (known === undefined) {
    ranks.set(event.rank ?? -1, { leg: newest, highest: event.step });
    return newest;
  }
  const slack = event.rank === undefined ? (event.count ?? 1) : 0;
  if (event.step < known.highest - slack) {
    ranks.set(event.rank ?? -1, { leg: known.leg + 1, highest: event.step });
    return known.leg + 1;
  }
  if (event.step > known.highest) ranks.set(event.rank ?? -1, { leg: known.leg, highest: event.step });
  return known.leg;
}

function isSameEvaluation(evaluation: Draft, event: StepEvent, last: Draft | undefined): boolean {
  if (evaluation.event.step !== event.step) return false;
  return evaluation === last || (evaluation.end_us ?? Number.NEGATIVE_INFINITY) >= event.start_us;
}

function created(drafts: Draft[], event: StepEvent, leg: number): Draft {
  const until_us = event.start_us;
  const draft: Draft = { event, until_us, leg, count: 1, end_us: undefined, open_us: -1, tokens: undefined };
  drafts.push(draft);
  return draft;
}

function absorb(draft: Draft, event: StepEvent, until_us: number): void {
  const { end_us, tokens, count = 1 } = event;
  draft.until_us = event.start_us;
  if (end_us === undefined || end_us > until_us) draft.open_us = Math.max(draft.open_us, event.start_us);
  else if (end_us > (draft.end_us ?? -1)) draft.end_us = end_us;
  if (tokens !== undefined && tokens > (draft.tokens ?? -1)) draft.tokens = tokens;
  if (count > draft.count) draft.count = count;
}

/** R2 and R5. Where ranks overlap, the earlier step keeps the time until its end. */
function* resolved(launch: Launch, index: number, drafts: readonly Draft[]): Generator<Execution> {
  let covered_us = launch.start_us;
  for (const [position, draft] of drafts.entries()) {
    const { event, count, tokens } = draft;
    const next = drafts[position + 1];
    const kind = event.kind ?? 'train';
    const end_told_us = endOf(draft);
    const completed = end_told_us !== undefined || next !== undefined || launch.ending === 'clean';
    const told_us = end_told_us ?? next?.event.start_us ?? launch.close_us;
    const start_us = Math.min(Math.max(event.start_us, covered_us), launch.close_us);
    const end_us = Math.min(Math.max(told_us, start_us), launch.close_us);
    if (kind !== 'eval') covered_us = end_us;
    const fate = completed ? 'productive' : openFate(launch);
    const { step, labels = NO_LABELS } = event;
    const leg = draft.leg;
    yield {
      launch: index,
      leg,
      step,
      count,
      start_us,
      end_us,
      completed,
      kind,
      tokens,
      labels,
      fate,
      undone_by: undefined,
      told_from_us: event.start_us,
      told_until_us: draft.until_us,
    };
  }
}

/** The latest end told, unless a rank began the step after it and has not ended: then it goes on. */
function endOf({ end_us, open_us }: Draft): number | undefined {
  return end_us !== undefined && open_us > end_us ? undefined : end_us;
}

const NO_LABELS: StepExecution['labels'] = {};

function openFate(launch: Launch): Fate {
  if (launch.ending === 'open') return 'in_flight';
  return launch.ending === 'fail' ? 'lost_work' : 'hang_or_unfinished';
}

function undoneFate(execution: Execution): Fate {
  return execution.completed ? 'lost_work' : execution.fate;
}

/** The part before `step` and the part from it on; one part where `step` does not lie inside. */
function splitAt(execution: Execution, step: number): Execution[] {
  const { count, start_us, end_us, tokens } = execution;
  const kept = count - (execution.step - step + 1);
  if (!execution.completed || kept <= 0 || kept >= count) return [execution];
  const share = kept / count;
  const cut_us = start_us + Math.round((end_us - start_us) * share);
  const tokens_kept = tokens === undefined ? undefined : tokens * share;
  const tokens_undone = tokens === undefined ? undefined : tokens * (1 - share);
  return [
    { ...execution, step: step - 1, count: kept, end_us: cut_us, tokens: tokens_kept },
    { ...execution, count: count - kept, start_us: cut_us, tokens: tokens_undone },
  ];
}

/** For each leg, the lowest step at which any later one starts (R4). */
function lowestAfter(legs: readonly Leg[]): number[] {
  const lowest = legs.map(() => Number.POSITIVE_INFINITY);
  let later = Number.POSITIVE_INFINITY;
  for (let index = legs.length - 1; index >= 0; index--) {
    lowest[index] = later;
    later = Math.min(later, legs[index]?.first_step ?? later);
  }
  return lowest;
}

/** For each leg, the next one that starts at a lower step; `legs.length` where there is none. */
function nextLowerLegs(legs: readonly Leg[]): number[] {
  const next = legs.map(() => legs.length);
  for (let index = legs.length - 1; index >= 0; index--) {
    let candidate = index + 1;
    const first = legs[index]?.first_step ?? 0;
    while (candidate < legs.length && (legs[candidate]?.first_step ?? 0) >= first) {
      candidate = next[candidate] ?? legs.length;
    }
    next[index] = candidate;
  }
  return next;
}

function undoneBy(
  execution: Execution,
  legs: readonly Leg[],
  nextLower: readonly number[],
): number | undefined {
  if (execution.leg < 0) return undefined;
  let leg = execution.leg + 1;
  while (leg < legs.length && (legs[leg]?.first_step ?? 0) > execution.step)
    leg = nextLower[leg] ?? legs.length;
  return leg < legs.length ? leg : undefined;
}

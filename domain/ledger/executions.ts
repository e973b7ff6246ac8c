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

interface Draft {
  readonly event: StepEvent;
  leg: number;
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
 */
export function executionsOf(launches: readonly Launch[], until_us: number): Executions {
  const legs: Leg[] = [];
  const drafts = launches.map((launch, index) => draftsOf(launch, index, legs, until_us));
  const redoneFrom = lowestAfter(legs);
  const nextLower = nextLowerLegs(legs);
  const list: Execution[] = [];
  for (const [index, launch] of launches.entries()) {
    for (const execution of resolved(launch, index, drafts[index] ?? [])) {
      for (const part of splitAt(execution, redoneFrom[execution.leg] ?? Number.POSITIVE_INFINITY)) {
        const undone_by = undoneBy(part, legs, nextLower);
        list.push(undone_by === undefined ? part : { ...part, undone_by, fate: undoneFate(part) });
      }
    }
  }
  return { list, legs };
}

/** Evaluation is not training progress: it neither goes forward nor back. */
export function isProgress(execution: Pick<Execution, 'kind'>): boolean {
  return execution.kind !== 'eval';
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

/** Merges one attempt's step events (in order of start) and finds its legs. */
function draftsOf(launch: Launch, index: number, legs: Leg[], until_us: number): Draft[] {
  const drafts: Draft[] = [];
  const leg_of_rank = new Map<number, { leg: number; highest: number }>();
  const own: { known: Map<number, Draft>; number: number; lowest: number }[] = [];
  let evaluation: Draft | undefined;
  for (const event of launch.steps) {
    if (event.kind === 'eval') {
      if (evaluation === undefined || !isSameEvaluation(evaluation, event, drafts.at(-1))) {
        evaluation = created(drafts, event, -1);
      }
      absorb(evaluation, event, until_us);
      continue;
    }
    const leg = legOf(event, leg_of_rank, Math.max(0, own.length - 1));
    own[leg] ??= { known: new Map(), number: leg, lowest: event.step };
    const { known } = own[leg];
    const draft = known.get(event.step) ?? created(drafts, event, leg);
    known.set(event.step, draft);
    absorb(draft, event, until_us);
    own[leg].lowest = Math.min(own[leg].lowest, event.step - (event.count ?? 1) + 1);
  }
  const base = legs.length;
  for (const { lowest } of own) legs.push({ launch: index, first_step: lowest });
  for (const draft of drafts) if (draft.leg >= 0) draft.leg += base;
  return drafts;
}

/**
 * A source that goes back to a step before the one it told last has rolled back inside its process. A source that does
 * not say its rank may be several, so there one line back is taken for skew between them. One that is heard for the
 * first time is where the others are.
 */
function legOf(
  event: StepEvent,
  ranks: Map<number, { leg: number; highest: number }>,
  newest: number,
): number {
  const known = ranks.get(event.rank ?? -1);
  if (known === undefined) {
    ranks.set(event.rank ?? -1, { leg: newest, highest: event.step });
    return newest;
  }
  const slack = event.rank === undefined ? (event.count ?? 1) : 0;
  if (event.step < known.highest - slack) {
    known.leg++;
    known.highest = event.step;
  } else if (event.step > known.highest) known.highest = event.step;
  return known.leg;
}

function isSameEvaluation(evaluation: Draft, event: StepEvent, last: Draft | undefined): boolean {
  if (evaluation.event.step !== event.step) return false;
  return evaluation === last || (evaluation.end_us ?? Number.NEGATIVE_INFINITY) >= event.start_us;
}

function created(drafts: Draft[], event: StepEvent, leg: number): Draft {
  const draft: Draft = { event, leg, count: 1, end_us: undefined, open_us: -1, tokens: undefined };
  drafts.push(draft);
  return draft;
}

function absorb(draft: Draft, event: StepEvent, until_us: number): void {
  const { end_us, tokens, count = 1 } = event;
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

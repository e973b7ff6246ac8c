import type { ExcludeEvent, JobScopedEvent, SpanEvent, StepEvent } from '../../events.ts';
import { horizonOf } from '../account.ts';
import { type AccountLayers, layersOf } from '../account-layers.ts';
import { type Execution, type Leg, mergedSteps, type PriorSteps, withFates } from '../executions.ts';
import { type Holdings, holdingsOf } from '../holdings.ts';
import { viewOf } from '../job-view.ts';
import { type Launch, launchesOf } from '../launches.ts';
import { type Measured, measure, type Paintable } from '../paint.ts';
import type { Carry } from './chapter.ts';
import { openDigest } from './digest.ts';

/** A step event before the cut that stands for those around it when the attempts are told apart. */
export interface Representative {
  readonly event: StepEvent;
  readonly launch: number;
}

/** What sealed chapters leave for the stretch behind them. */
export interface Past {
  readonly carry: Carry;
  readonly legs: readonly Leg[];
  readonly launches: readonly Launch[];
  readonly holdings: Holdings | undefined;
  readonly representatives: readonly Representative[];
  readonly digest: readonly Execution[];
}

export interface LookOptions {
  readonly job: string;
  readonly now_us?: number;
  readonly at_us?: number;
}

/** The open stretch behind the cut, measured. */
export interface Look {
  /** The stretch; its list of executions begins with the digest of those before. */
  readonly stretch: Paintable;
  /** First execution behind the cut in that list. */
  readonly offset: number;
  readonly all: AccountLayers;
  readonly measured: Measured;
  readonly executions: readonly Execution[];
  readonly from_us: number;
  /** Spans and exclusions of the whole job. */
  readonly all_spans: readonly SpanEvent[];
  readonly all_excludes: readonly ExcludeEvent[];
}

/** Whether a sealed chapter does not hold with what is known now. Where one does not, none behind it does. */
export type Reopen = (carry: Carry) => boolean;

/** Reads the stretch behind the cut; or says which chapters must be opened first, at least the last one. */
export function lookBehind(
  past: Past,
  small: readonly JobScopedEvent[],
  tail: readonly StepEvent[],
  options: LookOptions,
): Look | Reopen | 'last' {
  const { carry } = past;
  const standIns = past.representatives.map(({ event }) => event);
  const view = viewOf(small.concat(standIns, tail), options);
  const told = launchesOf(view);
  const launches = withoutStandIns(told, past);
  if (launches === undefined) return 'last';
  const moved = movedLaunch(launches, past);
  if (moved !== undefined) return moved;
  const { from_us, to_us } = horizonOf(view, launches);
  const holdings = holdingsOf(view, launches, from_us, to_us);
  const held_us =
    past.holdings === undefined ? undefined : differenceOf(past.holdings, holdings, carry.to_us);
  if (held_us !== undefined) return ({ to_us: until_us }) => until_us > held_us;
  const prior: PriorSteps = { launch: carry.launch, legs: past.legs, state: carry.state };
  const merged = mergedSteps(launches, view.until_us, prior);
  if (merged.reachesBack) return 'last';
  const again = redoneFrom(merged.legs, carry);
  if (again <= carry.kept_step) return ({ kept_step }) => kept_step >= again;
  const executions = withFates(merged.resolved, merged.legs);
  if (carry.row > 0 && executions.length < 2) return 'last';
  const list = [...past.digest, ...openDigest(carry.digest), ...executions];
  const reaching = {
    ...view,
    spans: view.spans.filter(({ end_us }) => end_us > carry.to_us),
    excludes: view.excludes.filter(({ end_us }) => end_us > carry.to_us),
  };
  const stretch: Paintable = {
    view: reaching,
    launches,
    executions: { list, legs: merged.legs },
    holdings,
    from_us: Math.max(carry.to_us, from_us),
    to_us,
  };
  const all = layersOf(reaching, launches, list, holdings.layer, to_us);
  const offset = list.length - executions.length;
  return {
    stretch,
    offset,
    all,
    measured: measure(stretch, all),
    executions,
    from_us,
    all_spans: view.spans,
    all_excludes: view.excludes,
  };
}

/** The attempts with the steps behind the cut only; undefined where a step before it would be of another attempt now. */
function withoutStandIns(told: readonly Launch[], past: Past): Launch[] | undefined {
  if (past.representatives.length === 0) return [...told];
  const owners = new Map(past.representatives.map(({ event, launch }) => [event, launch]));
  let found = 0;
  let isSame = true;
  const launches = told.map((launch, index) => {
    const steps = launch.steps.filter((event) => {
      const owner = owners.get(event);
      if (owner === undefined) return true;
      found++;
      isSame &&= owner === index;
      return false;
    });
    return { ...launch, steps };
  });
  return isSame && found === owners.size ? launches : undefined;
}

/** Whether an attempt that began before the cut is another than it was, or has steps or an end it had not. */
function movedLaunch(launches: readonly Launch[], { carry, launches: before }: Past): Reopen | undefined {
  if (carry.row === 0) return undefined;
  for (let index = 0; index <= carry.launch; index++) {
    const now = launches[index];
    const then = before[index];
    if (now === undefined || then === undefined || !isSameStart(now, then)) {
      return ({ launch }) => launch >= index;
    }
    if (index === carry.launch) {
      const { close_us } = now;
      return close_us > carry.to_us ? undefined : ({ to_us }) => to_us >= close_us;
    }
    if (!isSameEnd(now, then) || now.steps.length > 0) return ({ launch }) => launch > index;
  }
  return undefined;
}

function isSameStart(a: Launch, b: Launch): boolean {
  return (
    a.attempt === b.attempt &&
    a.given === b.given &&
    a.start_us === b.start_us &&
    a.device_count === b.device_count
  );
}

function isSameEnd(a: Launch, b: Launch): boolean {
  return (
    a.close_us === b.close_us && a.ending === b.ending && a.isPresumed === b.isPresumed && a.fail === b.fail
  );
}

/** The earliest time before the cut at which another number of devices is held than was thought. */
function differenceOf(a: Holdings, b: Holdings, until_us: number): number | undefined {
  let [left, right] = [0, 0];
  let at_us = Math.min(a.layer.from[0] ?? until_us, b.layer.from[0] ?? until_us);
  while (at_us < until_us) {
    while ((a.layer.to[left] ?? Number.POSITIVE_INFINITY) <= at_us) left++;
    while ((b.layer.to[right] ?? Number.POSITIVE_INFINITY) <= at_us) right++;
    const [then, now] = [a.list[a.layer.item[left] ?? -1], b.list[b.layer.item[right] ?? -1]];
    if (then?.devices !== now?.devices || then?.stepping !== now?.stepping) return at_us;
    at_us = Math.min(a.layer.to[left] ?? until_us, b.layer.to[right] ?? until_us);
  }
  return undefined;
}

/** The lowest step that a leg begins with which is new behind the cut, or begins lower than it did. */
function redoneFrom(legs: readonly Leg[], { state }: Carry): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let index = state.base; index < legs.length; index++) {
    const first = legs[index]?.first_step ?? lowest;
    const before = state.own[index - state.base]?.lowest ?? Number.POSITIVE_INFINITY;
    if (first < before) lowest = Math.min(lowest, first);
  }
  return lowest;
}

import { type AccountLayers, groundOf, LAYERS, type LayerName, layersOf } from './account-layers.ts';
import { type Execution, type Executions, lostAt } from './executions.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { JobView } from './job-view.ts';
import type { Launch } from './launches.ts';
import { append, emptyLayer, lengthOf, sweep } from './layers.ts';
import type { Bucket, LiveLimits, Segment, StepExecution } from './ledger-shape.ts';
import { programStartup, type SlowStart } from './program-startup.ts';
import { createSegments } from './segments.ts';
import {
  medianStep,
  openEndOf,
  resumedHangs,
  type Stall,
  stallOf,
  type TimedStep,
  timedSteps,
} from './stall.ts';
import type { StepTimes } from './usual-step.ts';

export interface Painted {
  readonly segments: Segment[];
  readonly steps: StepExecution[];
  readonly stall: Stall | undefined;
  readonly resumed: readonly TimedStep[];
  /** By attempt, what of its first kept step is start-up. */
  readonly excesses: ReadonlyMap<number, Excess>;
  readonly overlapped_s: Record<string, number>;
}

/** A job, or a stretch `[from_us, to_us)` of its horizon with the executions before and inside it. */
export interface Paintable {
  readonly view: JobView;
  readonly launches: readonly Launch[];
  readonly executions: Executions;
  readonly holdings: Holdings;
  readonly from_us: number;
  readonly to_us: number;
}

/**
 * Lays everything that is known over the horizon and reads off the segments. The first walk measures what is left of
 * every step; from that follow the median step, whether the open end hangs, and each attempt's slow first step; the
 * second walk writes the segments.
 */
export function paint(job: Paintable, limits: LiveLimits): Painted {
  const { view, launches, executions, from_us, to_us } = job;
  const all = layersOf(view, launches, executions.list, job.holdings.layer, to_us);
  const measured = measure(job, all);
  const end = openEndOf(launches, executions.list);
  const step_us = medianStep(executions.list, measured);
  const stall = end && stallOf(end, view, measured.open_us, step_us, limits);
  const startup = programStartup(executions.list, measured, launches);
  const excesses = new Map<number, Excess>();
  for (const [index, slow] of startup.slow) {
    const execution = executions.list[index];
    if (execution !== undefined) excesses.set(execution.launch, excessOf(job, execution, slow));
  }
  const overlapped = [...overlappedBy(all, from_us, to_us)].map(([kind, us]) => [kind, us / 1e6] as const);
  return {
    segments: withStartup(write(job, all, stall), [...excesses.values()]),
    steps: stepsOf(job, measured, startup.first, stall),
    stall,
    excesses,
    resumed: resumedHangs(timedSteps(executions.list, measured.net_us), step_us, limits),
    overlapped_s: Object.fromEntries(overlapped.sort()),
  };
}

/** Microseconds of non-blocking spans inside a stretch, by kind. */
export function overlappedBy(all: AccountLayers, from_us: number, to_us: number): Map<string, number> {
  return new Map([...all.overlapped].map(([kind, layer]) => [kind, lengthOf(layer, from_us, to_us)]));
}

const AT = Object.fromEntries(LAYERS.map((name, index) => [name, index])) as Record<LayerName, number>;
/** Layers that say what a piece is; the ones below only say whose it is. */
const CLAIMS = LAYERS.slice(0, AT.holding);

export interface Measured extends StepTimes {
  /** Devices of each execution. */
  readonly holding: number[];
  /** What nothing covers from the last progress of an open attempt to the clock. */
  readonly open_us: number;
}

export function measure({ executions, launches, from_us, to_us }: Paintable, all: AccountLayers): Measured {
  const net_us = executions.list.map(() => 0);
  const own_us = executions.list.map(() => 0);
  const holding = executions.list.map(() => -1);
  const progress_us = openEndOf(launches, executions.list)?.progress_us ?? to_us;
  let open_us = 0;
  sweep(orderedLayers(all), from_us, to_us, (from, to, items) => {
    const claim = claimOf(items);
    const index = executionAt(claim, items, all);
    const own = claim === 'excluded' ? executionAt(claimOf(items, AT.excluded + 1), items, all) : index;
    if (own !== undefined) own_us[own] = (own_us[own] ?? 0) + to - from;
    if (index !== undefined) {
      net_us[index] = (net_us[index] ?? 0) + to - from;
      if (holding[index] === -1) holding[index] = items[AT.holding] ?? -1;
    }
    if ((claim === 'step' || claim === 'ground') && to > progress_us)
      open_us += to - Math.max(from, progress_us);
  });
  return { net_us, own_us, holding, open_us };
}

function orderedLayers(all: AccountLayers) {
  return LAYERS.map((name) => all.layers[name]);
}

/** The strongest layer that has something, from layer `from` on. */
function claimOf(items: readonly number[], from = 0): LayerName | undefined {
  return CLAIMS.find((_, index) => index >= from && items[index] !== -1);
}

function executionAt(
  claim: LayerName | undefined,
  items: readonly number[],
  all: AccountLayers,
): number | undefined {
  if (claim === 'step') return items[AT.step];
  if (claim !== 'custom') return undefined;
  const custom = all.customs[items[AT.custom] ?? -1];
  return custom === undefined || custom.execution < 0 ? undefined : custom.execution;
}

const HANG = 0;
const SILENT = 1;

function stallLayer(stall: Stall | undefined, to_us: number) {
  const layer = emptyLayer();
  if (stall === undefined) return layer;
  append(layer, stall.from_us, stall.silent_from_us ?? to_us, HANG);
  if (stall.silent_from_us !== undefined) append(layer, stall.silent_from_us, to_us, SILENT);
  return layer;
}

/** The segments of a stretch, slow first steps still productive (`withStartup`). */
export function write(job: Paintable, all: AccountLayers, stall: Stall | undefined): Segment[] {
  const stalled = { ...all, layers: { ...all.layers, stall: stallLayer(stall, job.to_us) } };
  const segments = createSegments();
  sweep(orderedLayers(stalled), job.from_us, job.to_us, (from_us, to_us, items) => {
    segments.add(segmentOf(job, stalled, items, from_us, to_us));
  });
  return segments.list();
}

/** By how much an attempt's first kept step, from its start to its end, was slower than its others. */
export interface Excess extends SlowStart {
  readonly from_us: number;
  readonly to_us: number;
  readonly cause: string | undefined;
}

export function excessOf(
  job: Pick<Paintable, 'launches'>,
  { launch, start_us, end_us }: Pick<Execution, 'launch' | 'start_us' | 'end_us'>,
  slow: SlowStart,
): Excess {
  return { ...slow, from_us: start_us, to_us: end_us, cause: causeBefore(job, launch) };
}

/** R7: the first `excess_us` of what an attempt's slow first step counts for are start-up. */
export function withStartup(segments: readonly Segment[], excesses: readonly Excess[]): Segment[] {
  const sorted = [...excesses].sort((a, b) => a.from_us - b.from_us);
  const list = createSegments();
  let at = 0;
  let left = sorted[0]?.excess_us ?? 0;
  for (const segment of segments) {
    while ((sorted[at]?.to_us ?? Number.POSITIVE_INFINITY) <= segment.from_us) {
      at++;
      left = sorted[at]?.excess_us ?? 0;
    }
    const excess = sorted[at];
    const isOfIt =
      segment.bucket === 'productive' && excess !== undefined && segment.from_us >= excess.from_us;
    const part_us = isOfIt ? Math.min(left, segment.to_us - segment.from_us) : 0;
    left -= part_us;
    const cut_us = segment.from_us + part_us;
    if (excess !== undefined && part_us > 0) list.add(startupOf(segment, cut_us, excess));
    list.add(part_us === 0 ? segment : { ...segment, from_us: cut_us });
  }
  return list.list();
}

/** A stretch of a step that is start-up. What comes before the first step belongs to no step. */
export function startupOf(segment: Segment, to_us: number, { bucket, cause }: Excess): Segment {
  const step = bucket === 'startup' ? undefined : segment.step;
  return { ...segment, to_us, bucket, step, cause };
}

/** One piece between two boundaries: the strongest layer there says what it is, the ground below whose it is. */
function segmentOf(
  job: Paintable,
  all: AccountLayers,
  items: readonly number[],
  from_us: number,
  to_us: number,
): Segment {
  const { launches, executions, holdings } = job;
  const claim = claimOf(items);
  const ground = groundOf(items[AT.ground] ?? -1);
  const execution = executions.list[items[AT.step] ?? -1];
  const { devices, stepping }: Partial<Holding> = holdings.list[items[AT.holding] ?? -1] ?? {};
  const down = claim === 'down' ? all.downs[items[AT.down] ?? -1] : undefined;
  const isStep = claim === 'step' || (claim === 'stall' && execution?.completed === false);
  return {
    from_us,
    to_us,
    bucket: bucketOf(claim, items, execution, down?.bucket, ground?.isBeforeFirstStep),
    attempt: ground === undefined ? undefined : launches[ground.launch]?.attempt,
    step: isStep ? execution?.step : undefined,
    name: claim === 'custom' ? all.customs[items[AT.custom] ?? -1]?.name : undefined,
    cause: causeOf(job, claim, execution, down?.launch, ground),
    devices,
    stepping,
  };
}

function bucketOf(
  claim: LayerName | undefined,
  items: readonly number[],
  execution: Execution | undefined,
  down: Bucket | undefined,
  isBeforeFirstStep: boolean | undefined,
): Bucket {
  if (claim === 'step') return execution?.fate ?? 'other';
  if (claim === 'stall') return items[AT.stall] === SILENT ? 'silent' : 'hang';
  if (claim === 'down') return down ?? 'down';
  if (claim === undefined || claim === 'ground' || claim === 'holding') {
    return isBeforeFirstStep === true ? 'startup' : 'other';
  }
  return claim;
}

/**
 * Everything that a failure costs until the next attempt makes its first step carries its cause: the work it undid, the
 * time down, start-up, restore and whatever else comes before that step.
 */
function causeOf(
  job: Paintable,
  claim: LayerName | undefined,
  execution: Execution | undefined,
  down: number | undefined,
  ground: ReturnType<typeof groundOf>,
): string | undefined {
  if (claim === 'excluded' || claim === 'stall') return undefined;
  if (claim === 'down') return job.launches[down ?? -1]?.fail?.cause;
  if (claim === 'step') {
    const lost = execution === undefined ? undefined : lostAt(execution, job.executions.legs);
    return lost === undefined ? undefined : job.launches[lost]?.fail?.cause;
  }
  return ground?.isBeforeFirstStep === true ? causeBefore(job, ground.launch) : undefined;
}

/** Cause of the failure that an attempt recovers from. */
function causeBefore(job: Pick<Paintable, 'launches'>, launch: number | undefined): string | undefined {
  return launch === undefined ? undefined : job.launches[launch - 1]?.fail?.cause;
}

/** The executions from list position `from` on, as the account tells them. */
export function stepsOf(
  job: Paintable,
  { net_us, holding }: Measured,
  first: ReadonlySet<number>,
  stall: Stall | undefined,
  from = 0,
): StepExecution[] {
  return job.executions.list.slice(from).map((execution, position): StepExecution => {
    const { launch, step, count, start_us, end_us, kind, tokens, labels, fate } = execution;
    const index = from + position;
    return {
      attempt: job.launches[launch]?.attempt ?? 0,
      step,
      count,
      start_us,
      end_us,
      net_us: net_us[index] ?? 0,
      fate: fate === 'in_flight' && stall !== undefined ? 'hang' : fate,
      first_of_attempt: first.has(index),
      kind,
      tokens,
      labels,
      devices: job.holdings.list[holding[index] ?? -1]?.devices,
    };
  });
}

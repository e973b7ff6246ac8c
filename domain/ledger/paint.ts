import { type AccountLayers, groundOf, LAYERS, type LayerName, layersOf } from './account-layers.ts';
import { type Execution, type Executions, lostAt } from './executions.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { JobView } from './job-view.ts';
import type { Launch } from './launches.ts';
import { append, emptyLayer, lengthOf, sweep } from './layers.ts';
import type { Bucket, LiveLimits, Segment, StepExecution } from './ledger-shape.ts';
import { type ProgramStartup, programStartup } from './program-startup.ts';
import { createSegments } from './segments.ts';
import { medianStep, openEndOf, resumedHangs, type Stall, stallOf } from './stall.ts';
import type { StepTimes } from './usual-step.ts';

export interface Painted {
  readonly segments: Segment[];
  readonly steps: StepExecution[];
  readonly stall: Stall | undefined;
  readonly resumed: readonly Execution[];
  readonly overlapped_s: Record<string, number>;
}

interface Job {
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
export function paint(job: Job, limits: LiveLimits): Painted {
  const { view, launches, executions, holdings, from_us, to_us } = job;
  const all = layersOf(view, launches, executions.list, holdings.layer, to_us);
  const measured = measure(job, all);
  const end = openEndOf(launches, executions.list);
  const step_us = medianStep(executions.list, measured);
  const stall = end && stallOf(end, view, measured.open_us, step_us, limits);
  const startup = programStartup(executions.list, measured);
  const stalled = { ...all, layers: { ...all.layers, stall: stallLayer(stall, to_us) } };
  const overlapped = [...all.overlapped].map(([kind, layer]) => [
    kind,
    lengthOf(layer, from_us, to_us) / 1e6,
  ]);
  return {
    segments: write(job, stalled, startup),
    steps: stepsOf(job, measured, startup, stall),
    stall,
    resumed: resumedHangs(executions.list, measured, step_us, limits),
    overlapped_s: Object.fromEntries(overlapped.sort()),
  };
}

const AT = Object.fromEntries(LAYERS.map((name, index) => [name, index])) as Record<LayerName, number>;
/** Layers that say what a piece is; the ones below only say whose it is. */
const CLAIMS = LAYERS.slice(0, AT.holding);

interface Measured extends StepTimes {
  /** Devices of each execution. */
  readonly holding: number[];
  /** What nothing covers from the last progress of an open attempt to the clock. */
  readonly open_us: number;
}

function measure({ executions, launches, from_us, to_us }: Job, all: AccountLayers): Measured {
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

function write(job: Job, all: AccountLayers, startup: ProgramStartup): Segment[] {
  const segments = createSegments();
  const excess_us = new Map(startup.excess_us);
  sweep(orderedLayers(all), job.from_us, job.to_us, (from_us, to_us, items) => {
    const segment = segmentOf(job, all, items, from_us, to_us);
    const index = segment.bucket === 'productive' ? items[AT.step] : undefined;
    const excess = index === undefined ? 0 : Math.min(excess_us.get(index) ?? 0, to_us - from_us);
    if (index === undefined || excess === 0) return segments.add(segment);
    excess_us.set(index, (excess_us.get(index) ?? 0) - excess);
    const cause = causeBefore(job, job.executions.list[index]?.launch);
    segments.add({ ...segment, to_us: from_us + excess, bucket: 'program_startup', cause });
    return segments.add({ ...segment, from_us: from_us + excess });
  });
  return segments.list();
}

/** One piece between two boundaries: the strongest layer there says what it is, the ground below whose it is. */
function segmentOf(
  job: Job,
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
  job: Job,
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
function causeBefore(job: Job, launch: number | undefined): string | undefined {
  return launch === undefined ? undefined : job.launches[launch - 1]?.fail?.cause;
}

function stepsOf(
  job: Job,
  { net_us, holding }: Measured,
  { first }: ProgramStartup,
  stall: Stall | undefined,
): StepExecution[] {
  return job.executions.list.map((execution, index): StepExecution => {
    const { launch, step, count, start_us, end_us, kind, tokens, labels, fate } = execution;
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

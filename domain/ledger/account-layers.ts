import type { MarkEvent, SpanEvent } from '../events.ts';
import { type Execution, isProgress } from './executions.ts';
import { marksBetween } from './incidents.ts';
import type { JobView } from './job-view.ts';
import { createSpanResolver, type Launch } from './launches.ts';
import { append, emptyLayer, type Interval, type Layer, unionOf } from './layers.ts';
import type { Bucket } from './ledger-shape.ts';

/**
 * What lies over what (R3), the strongest first. `stall` is the judged open end of a job, `ground` the attempts
 * themselves, `holding` carries the devices held; the ground and the down times between attempts leave no gap.
 */
export const LAYERS = [
  'excluded',
  'down',
  'elastic_slice_down',
  'elastic_scale_up',
  'elastic_reinit',
  'ckpt_restore',
  'ckpt_save',
  'custom',
  'data_wait',
  'init',
  'prep',
  'stall',
  'step',
  'ground',
  'holding',
] as const;
export type LayerName = (typeof LAYERS)[number];
export type SpanLayer = Exclude<LayerName, 'excluded' | 'down' | 'stall' | 'step' | 'ground' | 'holding'>;

/** Kinds without a bucket of their own: a communicator is initialised; the others are named custom work. */
const LAYER_OF_KIND = {
  init: 'init',
  prep: 'prep',
  data_wait: 'data_wait',
  ckpt_save: 'ckpt_save',
  ckpt_restore: 'ckpt_restore',
  custom: 'custom',
  elastic_slice_down: 'elastic_slice_down',
  elastic_scale_up: 'elastic_scale_up',
  elastic_reinit: 'elastic_reinit',
  comm_init: 'init',
  queue: 'custom',
  health_check: 'custom',
} as const satisfies Record<SpanEvent['kind'], SpanLayer>;

export interface AccountLayers {
  readonly layers: Readonly<Record<LayerName, Layer>>;
  /** What the items of `down` point at. */
  readonly downs: readonly { readonly bucket: Bucket; readonly launch: number }[];
  /** What the items of `custom` point at: a name, and the execution where it is an evaluation step. */
  readonly customs: readonly { readonly name: string; readonly execution: number }[];
  /** Non-blocking spans by kind. */
  readonly overlapped: ReadonlyMap<string, Layer>;
}

/** Items of the ground: an attempt before its first step, and from it on. */
export function groundItem(launch: number, isBeforeFirstStep: boolean): number {
  return 2 * launch + (isBeforeFirstStep ? 1 : 0);
}

export function groundOf(item: number): { launch: number; isBeforeFirstStep: boolean } | undefined {
  return item < 0 ? undefined : { launch: item >> 1, isBeforeFirstStep: (item & 1) === 1 };
}

export function layersOf(
  view: JobView,
  launches: readonly Launch[],
  executions: readonly Execution[],
  holding: Layer,
  to_us: number,
): AccountLayers {
  const customs: { name: string; execution: number }[] = [];
  const { blocking, overlapped } = spansOf(view, launches, customs);
  const step = emptyLayer();
  for (const [index, execution] of executions.entries()) {
    const { start_us, end_us, kind, completed } = execution;
    // an evaluation that has not ended is judged like an open step: it can hang
    if (kind !== 'eval' || !completed) append(step, start_us, end_us, index);
    else blocking.get('custom')?.push({ from_us: start_us, to_us: end_us, item: customs.length });
    if (kind === 'eval') customs.push({ name: 'eval', execution: index });
  }
  const spans = Object.fromEntries([...blocking].map(([name, intervals]) => [name, unionOf(intervals)]));
  const { layer: down, downs } = downsOf(view.marks, launches, to_us);
  const excluded = unionOf(
    view.excludes.map(({ start_us, end_us }) => ({ from_us: start_us, to_us: end_us, item: 0 })),
  );
  const empty = Object.fromEntries(LAYERS.map((name) => [name, emptyLayer()])) as Record<LayerName, Layer>;
  const ground = groundLayer(launches, executions);
  const layers = { ...empty, ...spans, excluded, down, step, ground, holding };
  return { layers, downs, customs, overlapped };
}

interface Spans {
  readonly blocking: Map<SpanLayer, Interval[]>;
  readonly overlapped: Map<string, Layer>;
}

/** Time of non-blocking spans inside their attempts, by kind. */
export function overlappedOf(view: JobView, launches: readonly Launch[]): ReadonlyMap<string, Layer> {
  return spansOf(view, launches, []).overlapped;
}

/** Spans clipped to their attempt. */
function spansOf(
  view: JobView,
  launches: readonly Launch[],
  customs: { name: string; execution: number }[],
): Spans {
  const launchOf = createSpanResolver(launches);
  const blocking = new Map<SpanLayer, Interval[]>(
    Object.values(LAYER_OF_KIND).map((layer): [SpanLayer, Interval[]] => [layer, []]),
  );
  const beside = new Map<string, Interval[]>();
  const items = new Map<string, number>();
  for (const name of namesOf(view.spans)) {
    items.set(name, customs.length);
    customs.push({ name, execution: -1 });
  }
  for (const span of view.spans) {
    const launch = launchOf(span);
    if (launch === undefined) continue;
    const from_us = Math.max(span.start_us, launch.start_us);
    const to_us = Math.min(span.end_us, launch.close_us);
    const interval = { from_us, to_us, item: items.get(nameOf(span)) ?? 0 };
    if (to_us <= from_us) continue;
    if (span.blocking !== false) blocking.get(LAYER_OF_KIND[span.kind])?.push(interval);
    else if (beside.get(span.kind)?.push(interval) === undefined) beside.set(span.kind, [interval]);
  }
  return {
    blocking,
    overlapped: new Map([...beside].map(([kind, intervals]) => [kind, unionOf(intervals)])),
  };
}

/** Sorted, so that items and with them the ties of a union do not depend on the order of arrival. */
function namesOf(spans: readonly SpanEvent[]): string[] {
  return [...new Set(spans.map(nameOf))].sort();
}

function nameOf({ kind, name }: SpanEvent): string {
  return name ?? kind;
}

function downsOf(
  marks: readonly MarkEvent[],
  launches: readonly Launch[],
  to_us: number,
): { layer: Layer; downs: AccountLayers['downs'] } {
  const sorted = [...marks].sort((a, b) => a.time_us - b.time_us);
  const layer = emptyLayer();
  const downs: { bucket: Bucket; launch: number }[] = [];
  for (const [index, launch] of launches.entries()) {
    const next_us = launches[index + 1]?.start_us ?? (launch.ending === 'fail' ? to_us : launch.close_us);
    if (next_us <= launch.close_us) continue;
    let from_us = launch.close_us;
    for (const [bucket, cut_us] of cutsOf(sorted, launch.close_us, next_us)) {
      append(layer, from_us, cut_us, downs.length);
      downs.push({ bucket, launch: index });
      from_us = Math.max(from_us, cut_us);
    }
    append(layer, from_us, next_us, downs.length);
    downs.push({ bucket: 'down', launch: index });
  }
  return { layer, downs };
}

/** R6: each mark closes the stretch since the one before; the stretch has the name of the mark that closes it. */
function cutsOf(sorted: readonly MarkEvent[], from_us: number, next_us: number): [Bucket, number][] {
  const told = marksBetween(sorted, from_us, next_us + 1);
  const cuts: [Bucket, number | undefined][] = [
    ['down_detect', told.detect],
    ['down_localize', told.localized],
    ['down_wait_nodes', told.nodes_ready],
  ];
  return cuts.filter((cut): cut is [Bucket, number] => cut[1] !== undefined).sort((a, b) => a[1] - b[1]);
}

/** R7 and R8: an attempt is `startup` until its first step, and what is left after it is `other`. */
function groundLayer(launches: readonly Launch[], executions: readonly Execution[]): Layer {
  const first_us = new Map<number, number>();
  for (const execution of executions) {
    if (isProgress(execution) && !first_us.has(execution.launch)) {
      first_us.set(execution.launch, execution.start_us);
    }
  }
  const layer = emptyLayer();
  for (const [index, { start_us, close_us }] of launches.entries()) {
    const step_us = first_us.get(index) ?? close_us;
    append(layer, start_us, step_us, groundItem(index, true));
    append(layer, step_us, close_us, groundItem(index, false));
  }
  return layer;
}

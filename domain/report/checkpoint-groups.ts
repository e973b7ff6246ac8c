import type { CkptTier, SpanEvent } from '../events.ts';
import { lengthOf, unionOf } from '../ledger/layers.ts';

/** One checkpoint that was saved or restored: all spans told of it. Times in microseconds since the epoch. */
export interface CheckpointOperation {
  readonly kind: 'ckpt_save' | 'ckpt_restore';
  readonly tier: CkptTier | null;
  /** As told; null where nobody said. */
  readonly step: number | null;
  readonly start_us: number;
  /** Of a save: the moment whose state it holds, after the wait for the save before it. */
  readonly state_us: number;
  readonly end_us: number;
  readonly spans: readonly SpanEvent[];
  /** What training stood still for it: overlapping spans count once. */
  readonly blocking_us: number;
  /** Most that one of its spans told; null for none. */
  readonly bytes: number | null;
}

/** Phases of a save that come before its state is taken. */
const BEFORE_STATE = 'wait_previous';

/** Order of the usual phases: a phase that comes before the newest one belongs to the next checkpoint. */
const PHASE_ORDER = ['wait_previous', 'fetch', 'blocking', 'broadcast', 'cleanup'];

/**
 * Spans put together to checkpoints. Spans that tell the same attempt, step and tier are one; without a step, a span
 * that carries on with the phases of the one before it, runs beside it, or is its writing in the background, belongs to
 * it. A save of which only the wait was told is none yet.
 *
 * @param spans of kind `ckpt_save` and `ckpt_restore`, in order of start
 */
export function checkpointOperations(spans: readonly SpanEvent[]): CheckpointOperation[] {
  const groups: SpanEvent[][] = [];
  const byStep = new Map<string, SpanEvent[]>();
  const newest = new Map<string, SpanEvent[]>();
  for (const span of spans) {
    const source = `${span.kind} ${span.attempt ?? ''} ${span.tier ?? ''}`;
    const known = span.step === undefined ? newest.get(source) : byStep.get(`${source} ${span.step}`);
    if (known !== undefined && belongsTo(span, known)) {
      known.push(span);
      continue;
    }
    const group = [span];
    groups.push(group);
    if (span.step === undefined) newest.set(source, group);
    else byStep.set(`${source} ${span.step}`, group);
  }
  return groups.filter(isOne).map(operationOf);
}

function belongsTo(span: SpanEvent, group: readonly SpanEvent[]): boolean {
  const end_us = Math.max(...group.map((known) => known.end_us));
  if (span.step !== undefined && span.phase === undefined) {
    // the same step saved again after it was redone, in an attempt that nobody numbered, is another save
    return span.start_us <= end_us || group.some(({ blocking }) => blocking !== span.blocking);
  }
  if (span.start_us < end_us) return true;
  const last = group.at(-1);
  // written in the background, often seconds after the copy that training waited for
  if (span.phase === undefined) return span.blocking === false && group.every(isBlocking);
  return last?.phase !== undefined && rankOf(span) > rankOf(last);
}

function isBlocking({ blocking }: SpanEvent): boolean {
  return blocking !== false;
}

function rankOf({ phase }: SpanEvent): number {
  return PHASE_ORDER.indexOf(phase ?? '');
}

function isOne(group: readonly SpanEvent[]): boolean {
  return group.some(({ phase }) => phase !== BEFORE_STATE);
}

function operationOf(group: readonly SpanEvent[]): CheckpointOperation {
  const [first] = group;
  const start_us = Math.min(...group.map((span) => span.start_us));
  const end_us = Math.max(...group.map((span) => span.end_us));
  const told = group.flatMap(({ bytes }) => bytes ?? []);
  const state = group.filter(({ phase }) => phase !== BEFORE_STATE).map((span) => span.start_us);
  return {
    kind: first?.kind === 'ckpt_restore' ? 'ckpt_restore' : 'ckpt_save',
    tier: first?.tier ?? null,
    step: first?.step ?? null,
    start_us,
    state_us: Math.min(...state),
    end_us,
    spans: group,
    blocking_us: unionLength(group.filter(isBlocking)),
    bytes: told.length === 0 ? null : Math.max(...told),
  };
}

/** Microseconds that spans cover, overlaps once. */
export function unionLength(spans: readonly SpanEvent[]): number {
  const layer = unionOf(spans.map(({ start_us, end_us }) => ({ from_us: start_us, to_us: end_us, item: 0 })));
  return lengthOf(layer, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
}

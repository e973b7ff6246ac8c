import { isProgress } from './executions.ts';
import { upperBound } from './job-view.ts';
import type { Account, Segment, StepExecution } from './ledger-shape.ts';

/** An account without what it is made of: what figures beside sums are read off. */
export type AccountFigures = Omit<Account, 'segments' | 'steps'>;

/**
 * What is asked of the segments and steps of an account, so that an account that is kept up to date can answer without
 * having all of them in hand. Times in microseconds.
 */
export interface Timeline {
  /** Devices held when it began; undefined when nobody said, or nothing began. */
  readonly devices_at_start: number | undefined;
  /**
   * Segments that sum up like those of `[from_us, to_us)` by everything that a segment says beside its step. They need
   * not lie where those do; where two attempts lie apart, each gap begins where it does.
   */
  rows(from_us: number, to_us: number): readonly Segment[];
  /** The segments that reach into `[from_us, to_us)`, whole, in order. */
  segments(from_us: number, to_us: number): readonly Segment[];
  /** The newest execution of a step of training that is told, kept or not. */
  newestStep(): StepExecution | undefined;
  /** The newest one that is kept. */
  newestKept(): StepExecution | undefined;
  /** The newest one of training that began at or before a time; of those over by then where `isOver` is set. */
  stepBefore(time_us: number, isOver?: boolean): StepExecution | undefined;
}

/** Of an account that has its segments and steps in hand. */
export function timelineOf({ segments, steps }: Pick<Account, 'segments' | 'steps'>): Timeline {
  return {
    devices_at_start: segments[0]?.devices,
    rows: (from_us, to_us) => clipped(segments, from_us, to_us),
    segments: (from_us, to_us) => reachingInto(segments, from_us, to_us),
    newestStep: () => steps.findLast(isProgress),
    newestKept: () => steps.findLast((step) => step.fate === 'productive' && isProgress(step)),
    stepBefore(time_us, isOver = false) {
      let index = upperBound(steps.length, (at) => steps[at]?.start_us ?? 0, time_us);
      while (index-- > 0) {
        const step = steps[index];
        if (step !== undefined && isProgress(step) && (!isOver || step.end_us <= time_us)) return step;
      }
      return undefined;
    },
  };
}

/** The part of segments, which are in order of time, inside a range. */
export function clipped(segments: readonly Segment[], from_us: number, to_us: number): Segment[] {
  return reachingInto(segments, from_us, to_us).map((segment) => {
    if (segment.from_us >= from_us && segment.to_us <= to_us) return segment;
    return { ...segment, from_us: Math.max(segment.from_us, from_us), to_us: Math.min(segment.to_us, to_us) };
  });
}

function reachingInto(segments: readonly Segment[], from_us: number, to_us: number): Segment[] {
  if (to_us <= from_us) return [];
  const first = firstWhere(segments, (segment) => segment.to_us > from_us);
  const end = firstWhere(segments, (segment) => segment.from_us >= to_us);
  return segments.slice(first, end);
}

function firstWhere(segments: readonly Segment[], holds: (segment: Segment) => boolean): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const segment = segments[middle];
    if (segment !== undefined && holds(segment)) high = middle;
    else low = middle + 1;
  }
  return low;
}

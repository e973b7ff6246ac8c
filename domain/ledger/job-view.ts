import { canonicalEventLine } from '../event-reader.ts';
import type {
  AttemptEndEvent,
  AttemptStartEvent,
  CapacityEvent,
  ExcludeEvent,
  FailEvent,
  JobEvent,
  JobScopedEvent,
  MarkEvent,
  PlacementEvent,
  RunEvent,
  SpanEvent,
  StepEvent,
} from '../events.ts';

/** The events of one job by type, as they were known at one moment. Order in the arrays means nothing yet. */
export interface JobView {
  readonly specs: JobEvent[];
  readonly starts: AttemptStartEvent[];
  readonly ends: AttemptEndEvent[];
  readonly fails: FailEvent[];
  readonly steps: StepEvent[];
  readonly spans: SpanEvent[];
  readonly marks: MarkEvent[];
  readonly capacities: CapacityEvent[];
  readonly excludes: ExcludeEvent[];
  readonly placements: PlacementEvent[];
  /** Time of the newest sign of life; undefined when there is none. */
  readonly newest_us: number | undefined;
  /** Nothing after it is seen: a step that ends later is still open, a span is cut. */
  readonly until_us: number;
  /** Where an open job's horizon ends. */
  readonly clock_us: number;
}

/**
 * Sorts a job's events by type. With `at_us`, what lies later is left out. The clock of an open job is `at_us`, else
 * `now_us` but never before the newest event (a sender's clock may be ahead), else the newest event.
 */
export function viewOf(
  events: readonly JobScopedEvent[],
  options: { readonly job: string; readonly now_us?: number; readonly at_us?: number },
): JobView {
  const until_us = options.at_us ?? Number.POSITIVE_INFINITY;
  const lists = emptyLists();
  let newest_us: number | undefined;
  for (const event of events) {
    if (event.job !== options.job || begin(event) > until_us) continue;
    listed(lists, event);
    const sign = signOfLife(event, until_us);
    if (sign !== undefined && (newest_us === undefined || sign > newest_us)) newest_us = sign;
  }
  const clock_us = options.at_us ?? Math.max(options.now_us ?? newest_us ?? 0, newest_us ?? 0);
  return { ...lists, newest_us, until_us, clock_us };
}

type Lists = Omit<JobView, 'newest_us' | 'until_us' | 'clock_us'>;

function emptyLists(): Lists {
  return {
    specs: [],
    starts: [],
    ends: [],
    fails: [],
    steps: [],
    spans: [],
    marks: [],
    capacities: [],
    excludes: [],
    placements: [],
  };
}

function listed(lists: Lists, event: JobScopedEvent): void {
  switch (event.type) {
    case 'step':
      lists.steps.push(event);
      return;
    case 'span':
      lists.spans.push(event);
      return;
    case 'job':
      lists.specs.push(event);
      return;
    case 'attempt_start':
      lists.starts.push(event);
      return;
    case 'attempt_end':
      lists.ends.push(event);
      return;
    case 'fail':
      lists.fails.push(event);
      return;
    case 'mark':
      lists.marks.push(event);
      return;
    case 'capacity':
      lists.capacities.push(event);
      return;
    case 'exclude':
      lists.excludes.push(event);
      return;
    case 'placement':
      lists.placements.push(event);
  }
}

function begin(event: JobScopedEvent): number {
  if ('start_us' in event) return event.start_us;
  if (event.type === 'placement') return event.from_us;
  return event.time_us ?? Number.NEGATIVE_INFINITY;
}

/** Declarations (`job`, `exclude`) say nothing about whether the job lives; an exclusion may end tomorrow. */
function signOfLife(event: JobScopedEvent, until_us: number): number | undefined {
  if (event.type === 'job' || event.type === 'exclude') return undefined;
  if (event.type === 'step' || event.type === 'span') {
    const end_us = event.end_us ?? event.start_us;
    return end_us <= until_us ? end_us : event.start_us;
  }
  return begin(event);
}

/** Order by time, ties by the canonical line: the same for every arrival order. */
export function byTime<T extends RunEvent & { readonly time_us: number }>(events: readonly T[]): T[] {
  return [...events].sort((a, b) => a.time_us - b.time_us || byLine(a, b));
}

export function byLine(a: RunEvent, b: RunEvent): number {
  const [left, right] = [canonicalEventLine(a), canonicalEventLine(b)];
  return left < right ? -1 : Number(left > right);
}

/** First position in ascending values that is above `value`. */
export function upperBound(length: number, valueAt: (index: number) => number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

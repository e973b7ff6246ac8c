import type { FailEvent, SpanEvent, StepEvent } from '../events.ts';
import { byLine, byTime, type JobView, upperBound } from './job-view.ts';
import { type Start, startsOf } from './launch-starts.ts';

/** How an attempt ended; `superseded`: without a word, the next one simply started. */
export type Ending = 'open' | 'fail' | 'clean' | 'unclean' | 'superseded';

/** One attempt as it ran, with the steps and spans that are its own. */
export interface Launch {
  /** Its number: the given one, or the next free one where the sender gave none or used it twice. */
  readonly attempt: number;
  /** The number its events carry. */
  readonly given: number | undefined;
  readonly start_us: number;
  /** Its end, the start of the next attempt, or the clock: what it covers is `[start_us, close_us)`. */
  readonly close_us: number;
  readonly ending: Ending;
  /** Nobody said that it ended: whoever sent its events closed it where they stop (label `closed_by`). */
  readonly isPresumed: boolean;
  readonly fail: FailEvent | undefined;
  readonly device_count: number | undefined;
  /** In order of start. */
  readonly steps: readonly StepEvent[];
}

interface Close {
  readonly time_us: number;
  readonly ending: 'fail' | 'clean' | 'unclean';
  readonly isPresumed: boolean;
  readonly fail: FailEvent | undefined;
}

type Piece = Pick<Launch, 'given' | 'start_us' | 'fail' | 'device_count' | 'steps'> & {
  readonly close: Close | undefined;
};

/**
 * The attempts of a job in order of start. A step, fail or end belongs to the attempt it names, else to the newest one
 * started at or before it.
 */
export function launchesOf(view: JobView): Launch[] {
  const starts = startsOf(view);
  const steps = starts.map((): StepEvent[] => []);
  const closes = starts.map((): Close[] => []);
  const indexOf = createResolver(starts);
  for (const step of view.steps) steps[indexOf(step.attempt, step.start_us)]?.push(step);
  for (const close of closesOf(view)) {
    const { attempt, time_us } = close.event;
    if (attempt === undefined && time_us < (starts[0]?.time_us ?? 0)) continue;
    closes[indexOf(attempt, time_us)]?.push(close);
  }
  const pieces = starts.flatMap((start, index) => {
    const bound = starts[index + 1]?.time_us ?? Number.POSITIVE_INFINITY;
    return piecesOf(start, bound, (steps[index] ?? []).sort(byStart), closes[index] ?? []);
  });
  return numbered(pieces, view.clock_us);
}

/**
 * Says whose a span is: as for steps, but one that names no running attempt and begins in a gap belongs to the attempt
 * that starts before it ends (launcher and trainer need not agree on the instant of the start).
 */
export function createSpanResolver(launches: readonly Launch[]): (span: SpanEvent) => Launch | undefined {
  const byNumber = new Map<number, Launch[]>();
  for (const launch of launches) {
    if (launch.given === undefined) continue;
    const same = byNumber.get(launch.given);
    if (same === undefined) byNumber.set(launch.given, [launch]);
    else same.push(launch);
  }
  return (span) => {
    const candidates = (span.attempt === undefined ? undefined : byNumber.get(span.attempt)) ?? launches;
    const after = upperBound(candidates.length, (index) => candidates[index]?.start_us ?? 0, span.start_us);
    const current = candidates[Math.max(0, after - 1)];
    if (current === undefined || current.close_us > span.start_us || current.ending === 'open')
      return current;
    const next = candidates[after];
    return next !== undefined && next.start_us < span.end_us ? next : current;
  };
}

function createResolver(starts: readonly Start[]): (attempt: number | undefined, time_us: number) => number {
  const all = starts.map((_, index) => index);
  const byNumber = new Map<number, number[]>();
  for (const [index, { given }] of starts.entries()) {
    if (given === undefined) continue;
    const same = byNumber.get(given);
    if (same === undefined) byNumber.set(given, [index]);
    else same.push(index);
  }
  return (attempt, time_us) => {
    const candidates = (attempt === undefined ? undefined : byNumber.get(attempt)) ?? all;
    const timeAt = (position: number) => starts[candidates[position] ?? 0]?.time_us ?? 0;
    const after = upperBound(candidates.length, timeAt, time_us);
    return candidates[Math.max(0, after - 1)] ?? 0;
  };
}

function closesOf(view: JobView): (Close & { readonly event: { attempt?: number; time_us: number } })[] {
  const fails = byTime(view.fails).map((fail) => {
    return { time_us: fail.time_us, ending: 'fail' as const, isPresumed: false, fail, event: fail };
  });
  const ends = view.ends.map((event) => {
    const ending = event.clean ? ('clean' as const) : ('unclean' as const);
    const isPresumed = event.labels?.['closed_by'] !== undefined;
    return { time_us: event.time_us, ending, isPresumed, fail: undefined, event };
  });
  // an unclean end at the instant of a clean one is the one that some rank saw go wrong
  const rank = { fail: 0, unclean: 1, clean: 2 } as const;
  return [...fails, ...ends].sort((a, b) => a.time_us - b.time_us || rank[a.ending] - rank[b.ending]);
}

/**
 * One attempt, or several where the sender went on under the same number: at least two different steps that start after
 * the close (one may be a matter of clocks) are a restart nobody announced.
 */
function piecesOf(start: Start, bound_us: number, steps: StepEvent[], closes: Close[]): Piece[] {
  const pieces: Piece[] = [];
  let piece_us = start.time_us;
  let from = 0;
  let rest = closes;
  for (;;) {
    const close = firstClose(rest);
    const close_us = Math.max(close?.time_us ?? Number.POSITIVE_INFINITY, piece_us);
    const after = upperBound(steps.length, (index) => steps[index]?.start_us ?? 0, close_us);
    const goesOn = close_us < bound_us && hasTwoSteps(steps, after, bound_us);
    const mine = goesOn ? steps.slice(from, after) : steps.slice(from);
    pieces.push({
      given: start.given,
      start_us: piece_us,
      close,
      fail: close?.fail,
      device_count: start.device_count,
      steps: mine,
    });
    if (!goesOn) return pieces;
    from = after;
    piece_us = steps[after]?.start_us ?? close_us;
    rest = rest.filter(({ time_us }) => time_us >= piece_us);
  }
}

/**
 * The earliest close. An unclean end that a fail explains later is that failure: it happened when the process ended. A
 * clean end is never explained away.
 */
function firstClose(closes: readonly Close[]): Close | undefined {
  const first = closes[0];
  if (first?.ending !== 'unclean') return first;
  const explained = closes.find(({ ending }) => ending !== 'unclean');
  return explained?.ending === 'fail' ? { ...explained, time_us: first.time_us } : first;
}

function hasTwoSteps(steps: readonly StepEvent[], from: number, bound_us: number): boolean {
  const first = steps[from];
  if (first === undefined) return false;
  for (let index = from + 1; index < steps.length; index++) {
    const step = steps[index];
    if (step === undefined || step.start_us >= bound_us) return false;
    if (step.step !== first.step) return true;
  }
  return false;
}

function numbered(pieces: readonly Piece[], clock_us: number): Launch[] {
  const taken = new Set<number>(pieces.flatMap(({ given }) => (given === undefined ? [] : [given])));
  const used = new Set<number>();
  let previous = 0;
  return pieces.map(({ given, close, start_us, fail, device_count, steps }, index) => {
    let attempt = given !== undefined && !used.has(given) ? given : previous + 1;
    const isGiven = attempt === given && !used.has(attempt);
    while (!isGiven && (taken.has(attempt) || used.has(attempt))) attempt++;
    used.add(attempt);
    previous = attempt;
    const next_us = pieces[index + 1]?.start_us;
    const ending: Ending = close?.ending ?? (next_us === undefined ? 'open' : 'superseded');
    const close_us = Math.min(
      close === undefined ? clock_us : Math.max(close.time_us, start_us),
      next_us ?? Number.POSITIVE_INFINITY,
    );
    const isPresumed = close?.isPresumed ?? false;
    return { attempt, given, start_us, close_us, ending, isPresumed, fail, device_count, steps };
  });
}

export function byStart(a: StepEvent, b: StepEvent): number {
  return (
    a.start_us - b.start_us ||
    a.step - b.step ||
    (a.rank ?? -1) - (b.rank ?? -1) ||
    (a.end_us ?? Number.POSITIVE_INFINITY) - (b.end_us ?? Number.POSITIVE_INFINITY) ||
    byLine(a, b)
  );
}

import type { AttemptStartEvent } from '../events.ts';
import { byTime, type JobView, upperBound } from './job-view.ts';

/** Where an attempt begins: told by `attempt_start`, or implied by the first thing heard of it. */
export interface Start {
  readonly given: number | undefined;
  readonly time_us: number;
  readonly device_count: number | undefined;
}

/**
 * The starts of a job's attempts in order. Several `attempt_start` of one number (every node sends its own) are one
 * attempt, unless a fail or an end lies between them. Without numbers, a second start is a second attempt unless nothing
 * at all happened in between. An attempt that never said it started begins with its first step or span.
 */
export function startsOf(view: JobView): Start[] {
  const told = toldStarts(view);
  const starts = [...told, ...impliedByNumber(view, new Set(told.map(({ given }) => given)))];
  if (starts.length === 0) {
    const time_us = firstHeard(view);
    if (time_us === undefined) return [];
    starts.push({ given: undefined, time_us, device_count: undefined });
  }
  return starts.sort((a, b) => a.time_us - b.time_us || (a.given ?? -1) - (b.given ?? -1));
}

function toldStarts(view: JobView): Start[] {
  const byNumber = new Map<number | undefined, AttemptStartEvent[]>();
  for (const start of byTime(view.starts)) {
    const same = byNumber.get(start.attempt);
    if (same === undefined) byNumber.set(start.attempt, [start]);
    else same.push(start);
  }
  return [...byNumber].flatMap(([given, events]) => {
    const isBetween = events.length < 2 ? () => false : createBetween(separators(view, given));
    return merged(given, events, isBetween);
  });
}

function merged(
  given: number | undefined,
  events: readonly AttemptStartEvent[],
  isBetween: (after_us: number, until_us: number) => boolean,
): Start[] {
  const starts: Start[] = [];
  let previous_us: number | undefined;
  for (const { time_us, device_count } of events) {
    const last = starts.at(-1);
    if (last === undefined || previous_us === undefined || isBetween(previous_us, time_us)) {
      starts.push({ given, time_us, device_count });
    } else if (device_count !== undefined && device_count > (last.device_count ?? 0)) {
      starts[starts.length - 1] = { ...last, device_count };
    }
    previous_us = time_us;
  }
  return starts;
}

/** Times of what makes a later start of the same number another attempt. */
function separators(view: JobView, given: number | undefined): number[] {
  const closes = [...view.fails, ...view.ends];
  if (given !== undefined) {
    return closes
      .filter(({ attempt }) => attempt === undefined || attempt === given)
      .map(({ time_us }) => time_us);
  }
  // a step that begins with its attempt lies after that start, one that begins with the next is no longer between
  const steps = view.steps.map(({ start_us }) => start_us + 1);
  return [...closes.map(({ time_us }) => time_us), ...steps];
}

function createBetween(times: number[]): (after_us: number, until_us: number) => boolean {
  times.sort((a, b) => a - b);
  return (after_us, until_us) => {
    const next = times[upperBound(times.length, (index) => times[index] ?? 0, after_us)];
    return next !== undefined && next <= until_us;
  };
}

function impliedByNumber(view: JobView, told: ReadonlySet<number | undefined>): Start[] {
  const active = new Map<number, number>();
  const closed = new Map<number, number>();
  for (const { attempt, start_us } of view.steps) earliest(active, told, attempt, start_us);
  for (const { attempt, start_us, kind } of view.spans) {
    if (kind !== 'queue') earliest(active, told, attempt, start_us);
  }
  for (const { attempt, time_us } of view.fails) earliest(closed, told, attempt, time_us);
  for (const { attempt, time_us } of view.ends) earliest(closed, told, attempt, time_us);
  for (const [attempt, time_us] of closed) if (!active.has(attempt)) active.set(attempt, time_us);
  return [...active].map(([given, time_us]) => ({ given, time_us, device_count: undefined }));
}

function earliest(
  times: Map<number, number>,
  told: ReadonlySet<number | undefined>,
  attempt: number | undefined,
  time_us: number,
): void {
  if (attempt === undefined || told.has(attempt)) return;
  const known = times.get(attempt);
  if (known === undefined || time_us < known) times.set(attempt, time_us);
}

function firstHeard(view: JobView): number | undefined {
  let first: number | undefined;
  const take = (time_us: number) => {
    if (first === undefined || time_us < first) first = time_us;
  };
  for (const { start_us } of view.steps) take(start_us);
  for (const { start_us, kind } of view.spans) if (kind !== 'queue') take(start_us);
  if (first === undefined) for (const { time_us } of [...view.fails, ...view.ends]) take(time_us);
  return first;
}

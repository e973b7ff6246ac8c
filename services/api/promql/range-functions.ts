import type { Window } from './window.ts';

/**
 * Functions of a range of samples, with the formulas of Prometheus 2.42 (`promql/functions.go`). Undefined: no answer
 * for this series at this time. The window has at least one sample.
 */
export type RangeFunction = (window: Window, parameter: number, now_ms: number) => number | undefined;

const valueAt = (window: Window, index: number): number => window.values[index] ?? Number.NaN;
const timeAt = (window: Window, index: number): number => window.ts_ms[index] ?? Number.NaN;

/**
 * Change over the window, extrapolated to its ends: to an end nearer than 1.1 mean distances between samples, else by
 * half such a distance; a counter is not extrapolated below zero. Counters that fall were reset to zero.
 */
function extrapolated(window: Window, isCounter: boolean, perSecond: boolean): number | undefined {
  const { from, to, start_ms, end_ms } = window;
  if (to - from < 2) return undefined;
  const first = valueAt(window, from);
  let change = valueAt(window, to - 1) - first;
  if (isCounter) {
    for (let index = from + 1; index < to; index++) {
      const previous = valueAt(window, index - 1);
      if (valueAt(window, index) < previous) change += previous;
    }
  }
  const sampled_s = (timeAt(window, to - 1) - timeAt(window, from)) / 1000;
  const between_s = sampled_s / (to - from - 1);
  let toStart_s = (timeAt(window, from) - start_ms) / 1000;
  const toEnd_s = (end_ms - timeAt(window, to - 1)) / 1000;
  if (isCounter && change > 0 && first >= 0) toStart_s = Math.min(toStart_s, sampled_s * (first / change));
  const reach_s = between_s * 1.1;
  const covered_s =
    sampled_s +
    (toStart_s < reach_s ? toStart_s : between_s / 2) +
    (toEnd_s < reach_s ? toEnd_s : between_s / 2);
  const factor = covered_s / sampled_s;
  return change * (perSecond ? factor / ((end_ms - start_ms) / 1000) : factor);
}

/** From the last two samples alone. */
function instant(window: Window, isRate: boolean): number | undefined {
  const { from, to } = window;
  if (to - from < 2) return undefined;
  const last = valueAt(window, to - 1);
  const previous = valueAt(window, to - 2);
  const distance_ms = timeAt(window, to - 1) - timeAt(window, to - 2);
  if (distance_ms === 0) return undefined;
  const change = isRate && last < previous ? last : last - previous;
  return isRate ? change / (distance_ms / 1000) : change;
}

/** A sum with the rounding errors kept beside it (Neumaier), as Prometheus adds. */
class CarefulSum {
  sum = 0;
  error = 0;
  add(value: number): void {
    const next = this.sum + value;
    this.error += Math.abs(this.sum) >= Math.abs(value) ? this.sum - next + value : value - next + this.sum;
    this.sum = next;
  }
  total(): number {
    return isInfinite(this.sum) ? this.sum : this.sum + this.error;
  }
}

const isInfinite = (value: number): boolean => Math.abs(value) === Number.POSITIVE_INFINITY;

function sum(window: Window): number {
  const total = new CarefulSum();
  for (let index = window.from; index < window.to; index++) total.add(valueAt(window, index));
  return total.total();
}

/** The sum of {@link CarefulSum} in local variables: this is the busiest loop of a panel over a long range. */
function mean({ values, from, to }: Window): number {
  let average = 0;
  let error = 0;
  for (let index = from; index < to; index++) {
    const value = values[index] ?? Number.NaN;
    // An infinite mean stays what it is, unless the other infinity or NaN comes: Inf - Inf would be NaN.
    if (isInfinite(average) && !Number.isNaN(value) && (!isInfinite(value) || value === average)) continue;
    const count = index - from + 1;
    const change = value / count - average / count;
    const next = average + change;
    error += Math.abs(average) >= Math.abs(change) ? average - next + change : change - next + average;
    average = next;
  }
  return isInfinite(average) ? average : average + error;
}

function variance(window: Window): number {
  const average = new CarefulSum();
  const squares = new CarefulSum();
  const count = window.to - window.from;
  for (let index = window.from; index < window.to; index++) {
    const value = valueAt(window, index);
    const delta = value - (average.sum + average.error);
    average.add(delta / (index - window.from + 1));
    squares.add(delta * (value - (average.sum + average.error)));
  }
  return (squares.sum + squares.error) / count;
}

function extreme(window: Window, better: (a: number, b: number) => boolean): number {
  let best = valueAt(window, window.from);
  for (let index = window.from; index < window.to; index++) {
    const value = valueAt(window, index);
    if (better(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

function countPairs(window: Window, counts: (current: number, previous: number) => boolean): number {
  let found = 0;
  for (let index = window.from + 1; index < window.to; index++) {
    if (counts(valueAt(window, index), valueAt(window, index - 1))) found++;
  }
  return found;
}

/** Least squares through the samples; x in seconds from `origin_ms`. */
function regression(window: Window, origin_ms: number): { slope: number; intercept: number } {
  const { from, to } = window;
  const first = valueAt(window, from);
  const [sumX, sumY, sumXY, sumXX] = [new CarefulSum(), new CarefulSum(), new CarefulSum(), new CarefulSum()];
  let constant = true;
  for (let index = from; index < to; index++) {
    const x = (timeAt(window, index) - origin_ms) / 1000;
    const y = valueAt(window, index);
    if (index > from && y !== first) constant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumXX.add(x * x);
  }
  if (constant) {
    return isInfinite(first) ? { slope: Number.NaN, intercept: Number.NaN } : { slope: 0, intercept: first };
  }
  const count = to - from;
  const [x, y, xy, xx] = [sumX, sumY, sumXY, sumXX].map((part) => part.sum + part.error) as [
    number,
    number,
    number,
    number,
  ];
  const slope = (xy - (x * y) / count) / (xx - (x * x) / count);
  return { slope, intercept: y / count - (slope * x) / count };
}

/** The quantile of values, between two of them by their weighted mean; sorts `values` with NaN first. */
export function quantileOf(q: number, values: number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  values.sort(compareNanFirst);
  const rank = q * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (values[lower] ?? Number.NaN) * (1 - weight) + (values[upper] ?? Number.NaN) * weight;
}

export function compareNanFirst(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const atLeastTwo = (window: Window): boolean => window.to - window.from >= 2;

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['rate', (window) => extrapolated(window, true, true)],
  ['increase', (window) => extrapolated(window, true, false)],
  ['delta', (window) => extrapolated(window, false, false)],
  ['irate', (window) => instant(window, true)],
  ['idelta', (window) => instant(window, false)],
  [
    'deriv',
    (window) => (atLeastTwo(window) ? regression(window, timeAt(window, window.from)).slope : undefined),
  ],
  [
    'predict_linear',
    (window, ahead_s, now_ms) => {
      if (!atLeastTwo(window)) return undefined;
      const { slope, intercept } = regression(window, now_ms);
      return slope * ahead_s + intercept;
    },
  ],
  ['changes', (window) => countPairs(window, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b)))],
  ['resets', (window) => countPairs(window, (current, previous) => current < previous)],
  ['sum_over_time', sum],
  ['avg_over_time', mean],
  ['min_over_time', (window) => extreme(window, (a, b) => a < b)],
  ['max_over_time', (window) => extreme(window, (a, b) => a > b)],
  ['count_over_time', (window) => window.to - window.from],
  ['last_over_time', (window) => valueAt(window, window.to - 1)],
  ['present_over_time', () => 1],
  ['absent_over_time', () => 1],
  ['stdvar_over_time', variance],
  ['stddev_over_time', (window) => Math.sqrt(variance(window))],
  [
    'quantile_over_time',
    (window, q) =>
      quantileOf(
        q,
        Array.from({ length: window.to - window.from }, (_, index) => valueAt(window, window.from + index)),
      ),
  ],
]);

import type { Labels } from './labels.ts';
import type { SeriesData } from './series-source.ts';

/** Samples `from` (inclusive) to `to` (exclusive) of a series: what a range selector hands to a function. */
export interface Window {
  readonly ts_ms: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
  readonly start_ms: number;
  readonly end_ms: number;
}

/**
 * The newest sample of a series at a time, for times that never go back: one pass over the samples for a whole range
 * query. A sample that is older than the look-back, or an end of the series, is no sample.
 */
export class InstantCursor {
  readonly labels: Labels;
  readonly #data: SeriesData;
  readonly #lookback_ms: number;
  #next = 0;

  constructor(data: SeriesData, lookback_ms: number) {
    this.labels = data.labels;
    this.#data = data;
    this.#lookback_ms = lookback_ms;
  }

  /** Index of the sample to answer with, or -1. */
  at(time_ms: number): number {
    const { ts_ms, ends } = this.#data;
    while (this.#next < ts_ms.length && (ts_ms[this.#next] ?? 0) <= time_ms) this.#next++;
    const index = this.#next - 1;
    if (index < 0 || (ts_ms[index] ?? 0) < time_ms - this.#lookback_ms) return -1;
    return ends?.has(index) === true ? -1 : index;
  }

  value(index: number): number {
    return this.#data.values[index] ?? Number.NaN;
  }

  time_ms(index: number): number {
    return this.#data.ts_ms[index] ?? Number.NaN;
  }
}

/** The samples of a series in a window that moves forward; both ends belong to it, as in Prometheus before 3.0. */
export class WindowCursor {
  readonly labels: Labels;
  readonly #ts_ms: ArrayLike<number>;
  readonly #values: ArrayLike<number>;
  #from = 0;
  #to = 0;

  constructor(data: SeriesData) {
    this.labels = data.labels;
    const { ts_ms, values } = withoutEnds(data);
    this.#ts_ms = ts_ms;
    this.#values = values;
  }

  at(start_ms: number, end_ms: number): Window {
    const ts = this.#ts_ms;
    while (this.#to < ts.length && (ts[this.#to] ?? 0) <= end_ms) this.#to++;
    while (this.#from < this.#to && (ts[this.#from] ?? 0) < start_ms) this.#from++;
    return { ts_ms: ts, values: this.#values, from: this.#from, to: this.#to, start_ms, end_ms };
  }
}

/** Ends of a series are not samples to a range function. */
function withoutEnds({ ts_ms, values, ends }: SeriesData): Pick<SeriesData, 'ts_ms' | 'values'> {
  if (ends === null || ends.size === 0) return { ts_ms, values };
  const kept = Array.from({ length: ts_ms.length }, (_, index) => index).filter((index) => !ends.has(index));
  return {
    ts_ms: Float64Array.from(kept, (index) => ts_ms[index] ?? 0),
    values: Float64Array.from(kept, (index) => values[index] ?? Number.NaN),
  };
}

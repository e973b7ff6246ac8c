import type { Meter, ObservableResult } from '@opentelemetry/api';

/** Label values of one measurement. Keep them few: every combination is a series for ever. */
export type CounterLabels = Readonly<Record<string, string | number | boolean>>;

export interface Counter {
  /** Adds `amount` (default 1, never negative). */
  add(amount?: number, labels?: CounterLabels): void;
}

export interface Histogram {
  record(value: number, labels?: CounterLabels): void;
}

/** One reading of a gauge; a gauge that has nothing to say returns undefined or no reading, never 0. */
export interface GaugeReading {
  readonly value: number;
  readonly labels?: CounterLabels;
}

export interface Counters {
  /** `headway_<service>_<noun>_total`; `noun` ends in its unit where it has one (`received_bytes`). */
  counter(noun: string, help: string): Counter;
  /** The same for a total that somebody keeps already, read when the page is asked for. */
  observedCounter(noun: string, help: string, read: () => number | readonly GaugeReading[]): void;
  /** `headway_<service>_<noun>`; `noun` ends in its unit (`scrape_duration_seconds`). `bounds`: upper edges, ascending. */
  histogram(noun: string, help: string, bounds?: readonly number[]): Histogram;
  /** `headway_<service>_<noun>`, read when the page is asked for. */
  gauge(noun: string, help: string, read: () => number | undefined | readonly GaugeReading[]): void;
}

/** Seconds, from a cached answer to the slowest query allowed. */
export const DURATION_BOUNDS_S: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Typed instruments of one service, all under one name rule. Throws a RangeError on a name that breaks it. */
export function createCounters(meter: Meter, service: string): Counters {
  return {
    counter(noun, help) {
      const instrument = meter.createCounter(metricName(service, `${noun}_total`), { description: help });
      return { add: (amount = 1, labels) => instrument.add(amount, labels) };
    },
    observedCounter(noun, help, read) {
      meter
        .createObservableCounter(metricName(service, `${noun}_total`), { description: help })
        .addCallback((observer) => observe(observer, read()));
    },
    histogram(noun, help, bounds = DURATION_BOUNDS_S) {
      const instrument = meter.createHistogram(metricName(service, noun), {
        description: help,
        advice: { explicitBucketBoundaries: [...bounds] },
      });
      return { record: (value, labels) => instrument.record(value, labels) };
    },
    gauge(noun, help, read) {
      meter
        .createObservableGauge(metricName(service, noun), { description: help })
        .addCallback((observer) => observe(observer, read()));
    },
  };
}

function observe(observer: ObservableResult, reading: number | undefined | readonly GaugeReading[]): void {
  if (reading === undefined) return;
  if (typeof reading === 'number') observer.observe(reading);
  else for (const { value, labels } of reading) observer.observe(value, labels);
}

function metricName(service: string, noun: string): string {
  const name = `headway_${service}_${noun}`;
  if (/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name)) return name;
  throw new RangeError(
    `Metric name ${name} breaks the rule: lower-case words joined by single underscores. Rename it where it is created.`,
  );
}

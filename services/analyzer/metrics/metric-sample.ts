import type { DerivedMetricName } from '../../../domain/catalog/derived-metrics.ts';
import type { SeriesNames } from './series-names.ts';

/** One figure of a derived series at the moment it was computed for; the writer adds the time. */
export interface MetricSample {
  readonly name: DerivedMetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The text that only this name and these labels have, where it is known. */
  readonly key?: string;
}

/** Collects samples of one job; a figure that is not known is left out, which ends its series. */
export class SampleList {
  readonly samples: MetricSample[] = [];
  readonly #names: SeriesNames;

  constructor(names: SeriesNames) {
    this.#names = names;
  }

  add(
    name: DerivedMetricName,
    value: number | null | undefined,
    labels: Readonly<Record<string, string>> = {},
  ): void {
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    const { key, labels: all } = this.#names.of(name, labels);
    this.samples.push({ name, labels: all, value, key });
  }
}

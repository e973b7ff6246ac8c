import type { DerivedMetricName } from '../../../domain/catalog/derived-metrics.ts';

/** One figure of a derived series at the moment it was computed for; the writer adds the time. */
export interface MetricSample {
  readonly name: DerivedMetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Collects samples of one job; a figure that is not known is left out, which ends its series. */
export class SampleList {
  readonly samples: MetricSample[] = [];
  readonly #job: string;

  constructor(job: string) {
    this.#job = job;
  }

  add(
    name: DerivedMetricName,
    value: number | null | undefined,
    labels: Readonly<Record<string, string>> = {},
  ): void {
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    this.samples.push({ name, labels: { job: this.#job, ...labels }, value });
  }
}

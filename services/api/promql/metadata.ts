import { DERIVED_METRICS } from '../../../domain/catalog/derived-metrics.ts';

export interface MetricMetadata {
  readonly type: 'counter' | 'gauge' | 'unknown';
  readonly help: string;
  readonly unit: string;
}

/** What is known about metrics by name, for pickers and editors. */
export function metricMetadata(): ReadonlyMap<string, MetricMetadata> {
  return new Map(DERIVED_METRICS.map(({ name, help }) => [name, { type: 'gauge', help, unit: '' }]));
}

import { DERIVED_METRICS } from '../../../domain/catalog/derived-metrics.ts';
import { deviceFields } from '../../../domain/catalog/device-fields.ts';

export interface MetricMetadata {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly unit: string;
}

const VENDORS = ['nvidia', 'amd', 'ascend'] as const;

/**
 * What is known about metrics by name, for pickers and editors. Device fields are described by the registry and not by
 * the HELP and TYPE lines they came with, which are wrong in the field.
 */
export function metricMetadata(): ReadonlyMap<string, MetricMetadata> {
  const derived = DERIVED_METRICS.map(({ name, help }) => [name, { type: 'gauge', help, unit: '' }] as const);
  const device = VENDORS.flatMap(deviceFields).flatMap(({ names, kind, column }) =>
    names.map(
      (name) =>
        [
          name,
          { type: kind, help: `Device telemetry: ${column}, in the unit of its exporter.`, unit: '' },
        ] as const,
    ),
  );
  return new Map<string, MetricMetadata>([...device, ...derived]);
}

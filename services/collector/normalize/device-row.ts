import { DEVICE_COLUMNS } from '../../../domain/catalog/device-columns.ts';
import type { RowBinaryWriter } from '../../../platform/store/row-binary.ts';
import type { DeviceIdentity } from './device-identity.ts';
import type { LabelMap } from './own-labels.ts';

const COLUMN_COUNT = DEVICE_COLUMNS.length;

/** One label set of a device: a row of `device_samples` for each scrape in which it stood. */
export interface DeviceGroup {
  readonly identity: DeviceIdentity;
  readonly labels: LabelMap;
  readonly labels_id: bigint;
  readonly target: string;
  /** Which name each column was given to; the first that came, so that old and new names do not share one. */
  readonly owners: Map<number, string>;
  /** Values of the page being read; NaN is absent. */
  readonly values: Float64Array;
  readonly rest: [string, number][];
  /** Page in which the group stood last. */
  page: number;
  /** Newest time of its samples in this page: the scrape's, or the exporter's own where it prints one. */
  timestamp_ms: number;
}

export function createDeviceGroup(
  identity: DeviceIdentity,
  labels: LabelMap,
  labels_id: bigint,
  target: string,
): DeviceGroup {
  return {
    identity,
    labels,
    labels_id,
    target,
    owners: new Map(),
    values: new Float64Array(COLUMN_COUNT).fill(Number.NaN),
    rest: [],
    page: 0,
    timestamp_ms: Number.NaN,
  };
}

/** Makes the group part of page `page`; what it held of an earlier one is forgotten. */
export function touchGroup(group: DeviceGroup, page: number): void {
  if (group.page === page) return;
  group.page = page;
  clearGroup(group);
}

export function clearGroup(group: DeviceGroup): void {
  group.values.fill(Number.NaN);
  group.rest.length = 0;
  group.timestamp_ms = Number.NaN;
}

/** Columns as in `domain/catalog/device-columns.ts`, DEVICE_SAMPLES_COLUMNS. */
export function writeDeviceRow(to: RowBinaryWriter, group: DeviceGroup, ts_ms: number): void {
  const { identity } = group;
  to.int64(ts_ms);
  to.uint64(group.labels_id);
  to.string(identity.node);
  to.string(group.target);
  to.string(identity.vendor);
  to.string(identity.model);
  to.string(identity.device_uid);
  to.nullableInt32(identity.device_index);
  to.string(identity.partition);
  to.string(identity.pci);
  for (let column = 0; column < COLUMN_COUNT; column++) {
    const value = group.values[column] ?? Number.NaN;
    to.nullableFloat64(Number.isNaN(value) ? null : value);
  }
  to.map(
    group.rest,
    (name) => to.string(name),
    (value) => to.float64(value),
  );
}

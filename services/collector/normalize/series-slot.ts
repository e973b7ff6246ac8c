import { DEVICE_COLUMNS } from '../../../domain/catalog/device-columns.ts';
import {
  type DeviceField,
  deviceField,
  scaleOf,
  type Vendor,
} from '../../../domain/catalog/device-fields.ts';
import { seriesId } from '../../../platform/series/series-id.ts';
import type { SeriesRef } from '../decoders/series-text.ts';
import { type DeviceIdentity, deviceIdentity, deviceLabels } from './device-identity.ts';
import { createDeviceGroup, type DeviceGroup } from './device-row.ts';
import { type LabelMap, ownLabels } from './own-labels.ts';

/** Where the samples of one series go. Decided when it is first seen, kept while its target prints it. */
export interface SeriesSlot {
  readonly name: string;
  readonly labels: LabelMap;
  readonly vendor: Vendor | undefined;
  readonly field: DeviceField | undefined;
  /** The device whose row takes the value; undefined for a series of no device. */
  readonly group: DeviceGroup | undefined;
  /** Index of the row's column, or -1. */
  readonly column: number;
  /** `column`: read back from the column. `rest`: from the row's map. `point`: has values of its own. */
  own: 'column' | 'rest' | 'point';
  /** Own value = column's value x scale; 1 unless it is read from a column. */
  scale: number;
  /** A column shared with a better source takes this value only while it has none. */
  readonly is_second_choice: boolean;
  readonly series_id: bigint;
  /** Its row of the table `series` is durable. */
  is_announced: boolean;
  /** Page in which it stood last. */
  page: number;
}

export interface SlotMaker {
  slotOf(ref: SeriesRef): SeriesSlot;
  /** Forgets what no page has named since `page`, when that is more than what is still named. */
  forget(page: number): void;
}

/** Label sets remembered beyond twice the current ones. */
const FORGET_SLACK = 100;

const COLUMN_INDEX: ReadonlyMap<string, number> = new Map(DEVICE_COLUMNS.map((name, index) => [name, index]));

/** `host`: of the target, for series that name no node; `target`: its labels, `instance` and `job` among them. */
export function createSlotMaker(target: LabelMap, host: string): SlotMaker {
  let slots = new WeakMap<SeriesRef, SeriesSlot>();
  const groups = new Map<string, DeviceGroup>();

  const groupOf = (identity: DeviceIdentity, ref: SeriesRef): DeviceGroup => {
    const labels = ownLabels(deviceLabels(identity.vendor, ref.labels), target);
    const key = JSON.stringify(Object.entries(labels).sort());
    const known = groups.get(key);
    if (known !== undefined) return known;
    const created = createDeviceGroup(identity, labels, seriesId('', labels), target['instance'] ?? '');
    groups.set(key, created);
    return created;
  };

  const make = (ref: SeriesRef): SeriesSlot => {
    const identity = deviceIdentity(ref.name, ref.labels, host);
    const base = { name: ref.name, is_announced: false, page: -1 };
    if (identity === undefined) {
      const labels = ownLabels(ref.labels, target);
      return { ...base, ...POINT, labels, series_id: seriesId(ref.name, labels) };
    }
    const field = fieldOf(identity, ref);
    const group = groupOf(identity, ref);
    const column = columnOf(group, field, ref.name, identity.has_series_labels);
    const labels = identity.has_series_labels ? ownLabels(ref.labels, target) : group.labels;
    const own = identity.has_series_labels
      ? 'point'
      : column < 0 || field?.own === 'rest'
        ? 'rest'
        : 'column';
    return {
      ...base,
      labels,
      series_id: seriesId(ref.name, labels),
      vendor: identity.vendor,
      field,
      group,
      column,
      own,
      scale: own === 'column' && field !== undefined ? scaleOf(field) : 1,
      is_second_choice: field?.own === 'rest',
    };
  };

  return {
    slotOf(ref) {
      const known = slots.get(ref);
      if (known !== undefined) return known;
      const created = make(ref);
      slots.set(ref, created);
      return created;
    },
    forget(page) {
      const current = [...groups].filter(([, group]) => group.page >= page);
      if (groups.size < current.length * 2 + FORGET_SLACK) return;
      groups.clear();
      for (const [key, group] of current) groups.set(key, group);
      // Slots hold their group: a device that comes back must not write to one that is no longer its labels' group.
      slots = new WeakMap();
    },
  };
}

const POINT = {
  vendor: undefined,
  field: undefined,
  group: undefined,
  column: -1,
  own: 'point',
  scale: 1,
  is_second_choice: false,
} as const;

/** The field, unless it is one of several series of which only a certain one is the device's quantity. */
function fieldOf({ vendor }: DeviceIdentity, ref: SeriesRef): DeviceField | undefined {
  const field = deviceField(vendor, ref.name);
  const labels = new Map(ref.labels);
  const where = Object.entries(field?.where ?? {});
  return where.every(([label, values]) => values.includes(labels.get(label) ?? '')) ? field : undefined;
}

/** Index of the column that takes the value; -1 when there is none, or another name of the same page has it. */
function columnOf(
  group: DeviceGroup,
  field: DeviceField | undefined,
  name: string,
  has_series_labels: boolean,
): number {
  if (field === undefined || (has_series_labels && field.where === undefined)) return -1;
  const column = COLUMN_INDEX.get(field.column) ?? -1;
  if (field.own === 'rest') return column;
  const owner = group.owners.get(column);
  if (owner !== undefined && owner !== name) return -1;
  group.owners.set(column, name);
  return column;
}

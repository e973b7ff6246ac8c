import type { DeviceColumn } from './device-columns.ts';
import { AMD_FIELDS } from './device-fields-amd.ts';
import { ASCEND_FIELDS } from './device-fields-ascend.ts';
import { NVIDIA_FIELDS } from './device-fields-nvidia.ts';

export type Vendor = 'nvidia' | 'amd' | 'ascend';

/** One telemetry field: what its exporters call it, and how its printed value becomes a neutral quantity. */
export interface DeviceField {
  /** Every name it was exported under. TYPE and HELP lines are not asked: they are wrong in the field. */
  readonly names: readonly string[];
  /** NVIDIA's numeric field id, which survived the renames of DCGM 4.6. */
  readonly id?: number;
  readonly column: DeviceColumn;
  /** Neutral value = printed value x times, or / over; both 1 unless given, and never both given. */
  readonly times?: number;
  readonly over?: number;
  readonly kind: 'gauge' | 'counter';
  /** How the exporter holds the value, which decides what its "no value" looks like. */
  readonly holds: 'integer' | 'double';
  /**
   * `column` (default): under its own name the series is read back from the column. `rest`: its printed value is kept
   * as well, because the column is shared with a better source, or because a converted counter may outgrow the 15
   * digits that survive the conversion.
   */
  readonly own?: 'column' | 'rest';
  /** Zero is what is printed where there is no sensor: it is absent, not cold. */
  readonly zero_is_absent?: boolean;
  /**
   * Given: a series with labels of its own (a fault code, a clock's type) is the device's quantity too, if it has one
   * of these values for each of these labels. Not given: such a series is only itself.
   */
  readonly where?: Readonly<Record<string, readonly string[]>>;
}

const FIELDS: Readonly<Record<Vendor, readonly DeviceField[]>> = {
  nvidia: NVIDIA_FIELDS,
  amd: AMD_FIELDS,
  ascend: ASCEND_FIELDS,
};

const BY_NAME: Readonly<Record<Vendor, ReadonlyMap<string, DeviceField>>> = {
  nvidia: byName(FIELDS.nvidia),
  amd: byName(FIELDS.amd),
  ascend: byName(FIELDS.ascend),
};

/** The registry's row for a series name; undefined for a field without a column (it is kept as printed). */
export function deviceField(vendor: Vendor, name: string): DeviceField | undefined {
  return BY_NAME[vendor].get(vendor === 'amd' ? name.replace(/^amd_/, '') : name);
}

export function deviceFields(vendor: Vendor): readonly DeviceField[] {
  return FIELDS[vendor];
}

/** Printed value to neutral value. Division where the factor is below 1: 29 / 100 is 0.29, 35 x 0.01 is not 0.35. */
export function neutralValue(field: DeviceField, printed: number): number {
  if (field.over !== undefined) return printed / field.over;
  return field.times === undefined ? printed : printed * field.times;
}

/** Printed value = neutral value x scale, rounded to 15 significant digits. */
export function scaleOf(field: DeviceField): number {
  if (field.over !== undefined) return field.over;
  return field.times === undefined ? 1 : 1 / field.times;
}

/**
 * What a reader of the column gives back for a printed value. Rounding to 15 significant digits undoes the two
 * roundings of the conversion for every printed value of at most 15 digits (their spacing is above twice 2^-53).
 */
export function printedValue(neutral: number, scale: number): number {
  return scale === 1 ? neutral : Number((neutral * scale).toPrecision(15));
}

function byName(fields: readonly DeviceField[]): ReadonlyMap<string, DeviceField> {
  return new Map(fields.flatMap((field) => field.names.map((name) => [name, field] as const)));
}

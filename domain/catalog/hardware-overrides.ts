import { type DeviceUnit, type HardwareSpec, PEAK_DTYPES, type PeakDtype } from './hardware-spec.ts';

/** What a site says of its own devices: a device that the catalog lacks, or other figures for one that it has. */
export interface HardwareOverride {
  /** Catalog key: an existing one takes the fields given here and keeps the rest. */
  readonly key: string;
  /** Names that telemetry, drivers and logs print for it; compared like all of them, loosely spelled. */
  readonly names: readonly string[];
  readonly spec: Partial<HardwareSpec>;
}

/** An entry that cannot be used; `path` is that of the setting (`hardware_overrides[0].peak_tflops.bf16`). */
export class BadHardwareOverride extends Error {
  readonly path: string;
  readonly problem: string;
  readonly mend: string;
  constructor(path: string, problem: string, mend: string) {
    super(`${path}: ${problem}. ${mend}`);
    this.name = 'BadHardwareOverride';
    this.path = path;
    this.problem = problem;
    this.mend = mend;
  }
}

const UNITS: readonly DeviceUnit[] = [
  'gpu',
  'gcd',
  'chip',
  'half chip',
  'package',
  'die',
  'core',
  'core pair',
];
const TEXTS = ['name', 'vendor', 'source'] as const;
const NUMBERS = [
  'memory_gb',
  'memory_tb_s',
  'scale_up_gb_s',
  'tdp_w',
  'reference_clock_mhz',
] as const satisfies readonly (keyof HardwareSpec)[];
const FIELDS = [
  'key',
  'names',
  'unit_of_device',
  'peak_tflops',
  'measured_matmul_tflops',
  ...TEXTS,
  ...NUMBERS,
];
const EXAMPLE =
  'An entry is for example {key: h100-sxm, peak_tflops: {bf16: 900}, source: "capped at 500 W"}.';

/** Peaks of the catalog by key, to tell a with-sparsity figure and a key that is new. */
export type KnownPeaks = (key: string) => HardwareSpec['peak_flops'] | null;

/**
 * The overrides of a settings list. Peaks are in TFLOP/s of one device, dense; twice the catalog's own is refused as
 * the with-sparsity figure. A new key needs peaks. Throws {@link BadHardwareOverride} naming the field.
 */
export function readHardwareOverrides(
  list: readonly unknown[],
  known: KnownPeaks,
): readonly HardwareOverride[] {
  const read = list.map((entry, index) => overrideFrom(entry, `hardware_overrides[${index}]`, known));
  const twice = read.findIndex(({ key }, index) => read.findIndex((other) => other.key === key) < index);
  if (twice < 0) return read;
  throw new BadHardwareOverride(
    `hardware_overrides[${twice}].key`,
    `${JSON.stringify(read[twice]?.key)} is overridden twice`,
    'Put both into one entry.',
  );
}

function overrideFrom(entry: unknown, path: string, known: KnownPeaks): HardwareOverride {
  if (!isObject(entry)) throw new BadHardwareOverride(path, 'is not an object', EXAMPLE);
  const unknown = Object.keys(entry).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    throw new BadHardwareOverride(`${path}.${unknown}`, 'is no field', `Known here: ${FIELDS.join(', ')}.`);
  }
  const key = textOf(entry, 'key', path);
  if (key === undefined) throw new BadHardwareOverride(`${path}.key`, 'is missing', EXAMPLE);
  const catalogPeaks = known(key.trim().toLowerCase());
  const peak_flops = peaksFrom(entry['peak_tflops'], `${path}.peak_tflops`, catalogPeaks);
  if (peak_flops === undefined && catalogPeaks === null) {
    throw new BadHardwareOverride(
      `${path}.peak_tflops`,
      `is missing, and the catalog has no ${key}`,
      EXAMPLE,
    );
  }
  const matmul = positiveOf(entry, 'measured_matmul_tflops', path);
  return {
    key: key.trim().toLowerCase(),
    names: namesFrom(entry['names'], `${path}.names`),
    spec: {
      ...given(TEXTS, (field) => textOf(entry, field, path)),
      ...given(NUMBERS, (field) => positiveOf(entry, field, path)),
      ...unitFrom(entry['unit_of_device'], `${path}.unit_of_device`),
      ...(matmul === undefined ? {} : { measured_matmul_flops: matmul * 1e12 }),
      ...(peak_flops === undefined ? {} : { peak_flops: { ...catalogPeaks, ...peak_flops } }),
      source: `site setting ${path}${entry['source'] === undefined ? '' : ` (${String(entry['source'])})`}`,
      read_on: null,
    },
  };
}

function given<Field extends string, Value>(
  fields: readonly Field[],
  read: (field: Field) => Value | undefined,
): Partial<Record<Field, Value>> {
  const found = fields.map((field) => [field, read(field)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Partial<
    Record<Field, Value>
  >;
}

/** A with-sparsity figure stands beside the dense one in data sheets, and is twice that to its last digit. */
const SPARSITY_TOLERANCE = 0.01;

function peaksFrom(
  value: unknown,
  path: string,
  catalogPeaks: HardwareSpec['peak_flops'] | null,
): Partial<Record<PeakDtype, number>> | undefined {
  if (value === undefined) return undefined;
  const formats = PEAK_DTYPES.join(', ');
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw new BadHardwareOverride(path, 'is not an object of peaks', `Formats: ${formats}.`);
  }
  return Object.fromEntries(
    Object.keys(value).map((field) => {
      const dtype = PEAK_DTYPES.find((format) => format === field);
      if (dtype === undefined) {
        throw new BadHardwareOverride(`${path}.${field}`, 'is no number format', `Known: ${formats}.`);
      }
      const flops = (positiveOf(value, field, path) ?? 0) * 1e12;
      const dense = catalogPeaks?.[dtype];
      if (dense !== undefined && Math.abs(flops / (2 * dense) - 1) <= SPARSITY_TOLERANCE) {
        throw new BadHardwareOverride(
          `${path}.${field}`,
          `${flops / 1e12} TFLOP/s is the with-sparsity figure: the dense peak is ${dense / 1e12}`,
          'Give the dense one: training does dense products.',
        );
      }
      return [dtype, flops] as const;
    }),
  );
}

function namesFrom(value: unknown, path: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && name.trim() !== ''))
    return value;
  throw new BadHardwareOverride(
    path,
    'is not a list of names',
    'For example names: ["NVIDIA H100 80GB HBM3"].',
  );
}

function unitFrom(value: unknown, path: string): { unit_of_device?: DeviceUnit } {
  if (value === undefined) return {};
  const unit = UNITS.find((name) => name === value);
  if (unit !== undefined) return { unit_of_device: unit };
  throw new BadHardwareOverride(path, `is ${JSON.stringify(value)}`, `Known: ${UNITS.join(', ')}.`);
}

function textOf(entry: Readonly<Record<string, unknown>>, field: string, path: string): string | undefined {
  const value = entry[field];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new BadHardwareOverride(`${path}.${field}`, 'is not a text', EXAMPLE);
}

function positiveOf(
  entry: Readonly<Record<string, unknown>>,
  field: string,
  path: string,
): number | undefined {
  const value = entry[field];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new BadHardwareOverride(
    `${path}.${field}`,
    `is ${JSON.stringify(value)}, not a number above 0`,
    EXAMPLE,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

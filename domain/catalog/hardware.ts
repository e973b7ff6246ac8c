import { NVIDIA_ROWS, NVIDIA_TRAPS } from './hardware-nvidia.ts';
import { OTHER_ROWS, OTHER_TRAPS } from './hardware-others.ts';
import { type HardwareOverride, readHardwareOverrides } from './hardware-overrides.ts';
import { type HardwareSpec, PEAK_DTYPES, type PeakDtype } from './hardware-spec.ts';

export { BadHardwareOverride, type HardwareOverride } from './hardware-overrides.ts';
export type { DeviceUnit, HardwareSpec, PeakDtype } from './hardware-spec.ts';

const ROWS = [...NVIDIA_ROWS, ...OTHER_ROWS];
const TRAPS = [...NVIDIA_TRAPS, ...OTHER_TRAPS];

/** Names longer than this are no device name; regular expressions are not run on them. */
const NAME_CHARACTERS_MAX = 200;

export type HardwareFound =
  | { readonly spec: HardwareSpec; readonly reason: null }
  | { readonly spec: null; readonly reason: string };

/** Every row, in catalog order; what a site set stands in its rows, and its own devices behind them. */
export function hardwareCatalog(overrides: readonly HardwareOverride[] = []): readonly HardwareSpec[] {
  const rows = ROWS.map(({ spec }) => overridden(spec, overrides));
  const own = overrides.filter(({ key }) => !ROWS.some(({ spec }) => spec.key === key));
  return [...rows, ...own.map(ownSpec)];
}

/** The overrides of a settings list, held against the catalog. Throws BadHardwareOverride naming the field. */
export function hardwareOverrides(list: readonly unknown[]): readonly HardwareOverride[] {
  return readHardwareOverrides(
    list,
    (key) => ROWS.find(({ spec }) => spec.key === key)?.spec.peak_flops ?? null,
  );
}

/**
 * The accelerator of a catalog key, or of any name that telemetry, drivers and logs print for it (`NVIDIA H100 80GB
 * HBM3`, `h100-sxm5-80gb`, `64xNVIDIA HGX H100`). A site's own entry goes before the catalog's. Never guesses: an
 * unknown name has no spec and a reason.
 */
export function findHardware(name: string, overrides: readonly HardwareOverride[] = []): HardwareFound {
  const key = name.trim().toLowerCase();
  const printed = name.length > NAME_CHARACTERS_MAX ? '' : spelling(name);
  const site = overrides.find(
    (own) =>
      own.key === key || (printed !== '' && own.names.some((own_name) => spelling(own_name) === printed)),
  );
  if (site !== undefined) return { spec: siteSpec(site), reason: null };
  const found = findInCatalog(name, key, printed);
  return found.spec === null ? found : { spec: overridden(found.spec, overrides), reason: null };
}

function findInCatalog(name: string, key: string, printed: string): HardwareFound {
  const own = ROWS.find(({ spec }) => spec.key === key);
  if (own !== undefined) return { spec: own.spec, reason: null };
  const trap = TRAPS.find(({ matches }) => matches.test(printed));
  if (trap !== undefined) return { spec: null, reason: `${JSON.stringify(name)} ${trap.reason}` };
  const row = ROWS.find(({ matches }) => matches.test(printed));
  if (row !== undefined) return { spec: row.spec, reason: null };
  const shown = JSON.stringify(name.slice(0, NAME_CHARACTERS_MAX));
  return {
    spec: null,
    reason: `no accelerator in the catalog is called ${shown}: no peak, so no MFU. Known: ${catalogKeys()}`,
  };
}

function siteSpec(override: HardwareOverride): HardwareSpec {
  const base = ROWS.find(({ spec }) => spec.key === override.key)?.spec;
  return base === undefined ? ownSpec(override) : { ...base, ...override.spec };
}

function overridden(spec: HardwareSpec, overrides: readonly HardwareOverride[]): HardwareSpec {
  const own = overrides.find(({ key }) => key === spec.key);
  return own === undefined ? spec : { ...spec, ...own.spec };
}

/** A device that only the site knows; what it did not say is unknown. */
function ownSpec({ key, names, spec }: HardwareOverride): HardwareSpec {
  return {
    key,
    name: names[0] ?? key,
    vendor: 'site',
    unit_of_device: 'gpu',
    peak_flops: {},
    memory_gb: null,
    memory_tb_s: null,
    scale_up_gb_s: null,
    tdp_w: null,
    reference_clock_mhz: null,
    measured_matmul_flops: null,
    source: 'site setting',
    read_on: null,
    ...spec,
  };
}

export type PeakFound =
  | { readonly peak_flops: number; readonly reason: null; readonly source: string }
  | { readonly peak_flops: null; readonly reason: string; readonly source: null };

/** The dense peak of one device at a dtype as trainers write it (`bf16`, `torch.bfloat16`, `fp8_e4m3`), with its source. */
export function peakOf(spec: HardwareSpec, dtype: string): PeakFound {
  const known = dtypeOf(dtype);
  if (known === null) {
    return {
      peak_flops: null,
      reason: `dtype ${JSON.stringify(dtype)} has no peak here. Known: ${PEAK_DTYPES.join(', ')}`,
      source: null,
    };
  }
  const peak = spec.peak_flops[known];
  if (peak === undefined) {
    const stated = Object.keys(spec.peak_flops).join(', ');
    return {
      peak_flops: null,
      reason: `no dense ${known} peak of ${spec.name} is known, only ${stated}`,
      source: null,
    };
  }
  const read = spec.read_on === null ? '' : ` (read ${spec.read_on})`;
  return {
    peak_flops: peak,
    reason: null,
    source: `${spec.name}, dense ${known}, per ${spec.unit_of_device}: ${spec.source}${read}`,
  };
}

/**
 * The peaks a run's MFU is shown against: its dtype's, and for FP8 and FP4 the bf16 one too, since the field has no
 * agreed denominator for them. Formats without a known peak are left out.
 */
export function denominatorsOf(
  spec: HardwareSpec,
  dtype: string,
): readonly { readonly dtype: PeakDtype; readonly peak_flops: number }[] {
  const known = dtypeOf(dtype);
  if (known === null) return [];
  const wanted: readonly PeakDtype[] = known === 'fp8' || known === 'fp4' ? [known, 'bf16'] : [known];
  return wanted.flatMap((format) => {
    const peak_flops = spec.peak_flops[format];
    return peak_flops === undefined ? [] : [{ dtype: format, peak_flops }];
  });
}

/** How near a given peak must be to twice the dense one to be taken for the with-sparsity figure. */
const SPARSITY_TOLERANCE = 0.01;

/**
 * Why a peak that a person gave for a known device is refused, or null. Data sheets print with-sparsity figures, twice
 * the dense ones, of every format in the same bold letters; dividing by them halves MFU (or, by those of FP8, makes a
 * quarter of it), the most frequent mistake in the trackers. A figure that is also the dense peak of the job's own
 * format is never refused.
 */
export function peakRefusal(spec: HardwareSpec, dtype: string, given_flops: number): string | null {
  const known = dtypeOf(dtype);
  const dense = known === null ? undefined : spec.peak_flops[known];
  if (known === null || dense === undefined) return null;
  if (isNear(given_flops, dense)) return null;
  const sparse = [known, ...PEAK_DTYPES].find((format) => {
    const peak = spec.peak_flops[format];
    return peak !== undefined && isNear(given_flops, 2 * peak);
  });
  if (sparse === undefined) return null;
  return (
    `${tera(given_flops)} is the with-sparsity ${sparse} figure of ${spec.name}: ` +
    `training in ${known} does dense products, whose peak is ${tera(dense)}`
  );
}

/**
 * A device of the catalog whose with-sparsity figure a peak is, where nobody said which device it was given for; null
 * where it is some device's dense peak too. Nothing is refused then, it is only said.
 */
export function sparsityLikeness(dtype: string, given_flops: number): string | null {
  const known = dtypeOf(dtype);
  if (known === null) return null;
  const peaks = ROWS.flatMap(({ spec }) => {
    const peak = spec.peak_flops[known];
    return peak === undefined ? [] : [{ spec, peak }];
  });
  if (peaks.some(({ peak }) => isNear(given_flops, peak))) return null;
  const like = peaks.find(({ peak }) => isNear(given_flops, 2 * peak));
  if (like === undefined) return null;
  return `${tera(given_flops)} is the with-sparsity ${known} figure of ${like.spec.name}, whose dense peak is ${tera(like.peak)}: if it is that device, give --hardware`;
}

function isNear(flops: number, wanted: number): boolean {
  return Math.abs(flops / wanted - 1) <= SPARSITY_TOLERANCE;
}

function tera(flops: number): string {
  return `${Number((flops / 1e12).toPrecision(5))} TFLOP/s`;
}

/** Trainers write dtypes in many ways; sixteen-bit mixed precision computes in the sixteen-bit format. */
function dtypeOf(dtype: string): PeakDtype | null {
  const name = dtype
    .toLowerCase()
    .replace(/^(torch|jnp|np|tf)\./, '')
    .replace(/[^a-z0-9]/g, '');
  if (/^(bf16|bfloat16)(mixed|true|pure)?$/.test(name)) return 'bf16';
  if (/^(fp16|float16|half|16)(mixed|true|pure)?$/.test(name)) return 'fp16';
  if (/^(fp8|float8|mxfp8)(e4m3(fn)?|e5m2|hybrid|mixed)?$|^(e4m3|e5m2)$/.test(name)) return 'fp8';
  if (/^(nv|mx)?(fp4|float4)(e2m1)?$/.test(name)) return 'fp4';
  if (name === 'tf32') return 'tf32';
  return name === 'int8' ? 'int8' : null;
}

/** Lower case, no leading count (`64x`), single spaces for all but letters and digits, and before a form factor. */
function spelling(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\s*\d+\s*x\s*(?=[a-z])/, '')
    .replace(/[^a-z0-9]+/g, ' ')
    .replace(/(?<=[a-z]\d+)(?=sxm|pcie|nvl)/, ' ')
    .trim();
}

function catalogKeys(): string {
  return ROWS.map(({ spec }) => spec.key).join(', ');
}

/** Number formats a peak is stated for. */
export const PEAK_DTYPES = ['bf16', 'fp16', 'tf32', 'fp8', 'fp4', 'int8'] as const;
export type PeakDtype = (typeof PEAK_DTYPES)[number];

/** What one "device" of a job is: frameworks count GPUs, graphics compute dies, chips or parts of chips. */
export type DeviceUnit = 'gpu' | 'gcd' | 'chip' | 'half chip' | 'package' | 'die' | 'core' | 'core pair';

/** One accelerator. Peaks are dense: no figure in the catalog counts structured sparsity. */
export interface HardwareSpec {
  /** Catalog key. */
  readonly key: string;
  readonly name: string;
  readonly vendor: string;
  readonly unit_of_device: DeviceUnit;
  /** FLOP/s of one device (operations per second for int8), dense. A format left out is not stated by the source. */
  readonly peak_flops: Readonly<Partial<Record<PeakDtype, number>>>;
  readonly memory_gb: number | null;
  readonly memory_tb_s: number | null;
  /** Both directions of the scale-up links together, GB/s. */
  readonly scale_up_gb_s: number | null;
  readonly tdp_w: number | null;
  /** Clock at which the peak holds; telemetry's clock over it gives a live peak. */
  readonly reference_clock_mhz: number | null;
  /** Best matrix product anyone measured in bf16, FLOP/s: a second, humbler denominator. */
  readonly measured_matmul_flops: number | null;
  readonly source: string;
  /** Day the source was read; null for what a site set itself. */
  readonly read_on: string | null;
}

/** A name that looks like a row of the catalog and is none: found before the rows, and answered with its reason. */
export interface HardwareTrap {
  readonly matches: RegExp;
  readonly reason: string;
}

/** A row and the names that telemetry, drivers and logs print for it, in lower case with single spaces. */
export interface HardwareRow {
  readonly spec: HardwareSpec;
  readonly matches: RegExp;
}

/** Rows state what differs; what most sources leave out is null. */
export function hardwareRow(
  matches: RegExp,
  spec: Pick<HardwareSpec, 'key' | 'name' | 'vendor' | 'peak_flops' | 'memory_gb' | 'source'> &
    Partial<HardwareSpec>,
): HardwareRow {
  return {
    matches,
    spec: {
      unit_of_device: 'gpu',
      memory_tb_s: null,
      scale_up_gb_s: null,
      tdp_w: null,
      reference_clock_mhz: null,
      measured_matmul_flops: null,
      read_on: '2026-11-21',
      ...spec,
    },
  };
}

/** Tensor units of these devices run bf16 and fp16 at the same rate. */
export function halfPrecision(tera: number): { readonly bf16: number; readonly fp16: number } {
  return { bf16: tera * 1e12, fp16: tera * 1e12 };
}

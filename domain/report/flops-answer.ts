import {
  findHardware,
  type HardwareOverride,
  type HardwareSpec,
  peakOf,
  peakRefusal,
  sparsityLikeness,
} from '../catalog/hardware.ts';
import type { Recompute } from '../events.ts';
import { flopsPerDevice, hfuRatio, isAbovePeak, mfuByConvention } from '../mfu.ts';
import type { ModelFlops } from '../model-flops.ts';
import { type ByConvention, mfuByPeak } from './rates.ts';

/** What a person adds to a model to get an efficiency; everything is optional. */
export interface EfficiencyAsked {
  readonly sequence_length?: number | undefined;
  /** The model's FLOPs are already those of packed documents: no length need be given. */
  readonly packed?: boolean | undefined;
  readonly devices?: number | undefined;
  /** Over all devices together. */
  readonly tokens_per_s?: number | undefined;
  readonly hardware?: string | undefined;
  readonly dtype?: string | undefined;
  /** Dense FLOP/s of one device, instead of the catalog's. */
  readonly given_peak_flops?: number | undefined;
  readonly recompute?: Recompute | undefined;
  /** What the site says of its devices, which goes before the catalog. */
  readonly hardware_overrides?: readonly HardwareOverride[] | undefined;
}

const ASSUMED_DTYPE = 'bf16';

/** The answer of `flops --json`. Null where it was not asked for or cannot be known; `reasons` says why. */
export interface FlopsAnswer {
  readonly model: string;
  readonly model_type: string;
  readonly sequence_length: number;
  readonly parameters: number;
  readonly active_parameters: number;
  readonly active_parameters_no_embedding: number;
  readonly matmul_parameters: number;
  readonly components: ModelFlops['components'];
  readonly flops_per_token: ModelFlops['flops_per_token'];
  readonly hardware: string | null;
  readonly dtype: string;
  readonly peak_flops: number | null;
  readonly peak_source: string | null;
  readonly tokens_per_s_per_device: number | null;
  readonly tflops_per_device: ByConvention | null;
  readonly mfu_ratio: ByConvention | null;
  readonly hfu_ratio: number | null;
  /** The same MFU against every peak that such a run is shown against: two for FP8, whose denominator is open. */
  readonly mfu_ratio_by_peak: Readonly<Record<string, ByConvention>> | null;
  readonly notes: readonly string[];
  readonly reasons: Readonly<Record<string, string>>;
}

interface Peak {
  readonly spec: HardwareSpec | null;
  readonly peak_flops: number | null;
  readonly peak_source: string | null;
}

export function efficiencyAnswer(model: ModelFlops, asked: EfficiencyAsked): FlopsAnswer {
  const reasons: Record<string, string> = {};
  const dtype = asked.dtype ?? ASSUMED_DTYPE;
  if (asked.sequence_length === undefined && asked.packed !== true) {
    reasons['sequence_length'] = `no sequence length given; ${model.sequence_length} tokens assumed`;
  }
  const peak = peakFrom(asked, dtype, reasons);
  const rates = ratesFrom(model, asked, peak, dtype, reasons);
  return {
    model: model.name,
    model_type: model.model_type,
    sequence_length: model.sequence_length,
    parameters: model.parameters,
    active_parameters: model.active_parameters,
    active_parameters_no_embedding: model.active_parameters_no_embedding,
    matmul_parameters: model.matmul_parameters,
    components: model.components,
    flops_per_token: model.flops_per_token,
    hardware: peak.spec?.name ?? null,
    dtype,
    peak_flops: peak.peak_flops,
    peak_source: peak.peak_source,
    ...rates,
    notes: model.notes,
    reasons,
  };
}

function peakFrom(asked: EfficiencyAsked, dtype: string, reasons: Record<string, string>): Peak {
  const found = asked.hardware === undefined ? null : findHardware(asked.hardware, asked.hardware_overrides);
  const spec = found?.spec ?? null;
  if (asked.given_peak_flops !== undefined) {
    const refusal = spec === null ? null : peakRefusal(spec, dtype, asked.given_peak_flops);
    if (refusal === null) {
      const like = spec === null ? sparsityLikeness(dtype, asked.given_peak_flops) : null;
      if (like !== null) reasons['peak_flops'] = like;
      return { spec, peak_flops: asked.given_peak_flops, peak_source: 'given, taken to be dense' };
    }
    reasons['peak_flops'] = refusal;
    return { spec, peak_flops: null, peak_source: null };
  }
  if (found === null) return { spec, peak_flops: null, peak_source: null };
  if (found.spec === null) {
    reasons['hardware'] = found.reason;
    return { spec, peak_flops: null, peak_source: null };
  }
  if (asked.dtype === undefined) reasons['dtype'] = `no dtype given; ${ASSUMED_DTYPE} assumed for the peak`;
  const peak = peakOf(found.spec, dtype);
  if (peak.peak_flops === null) reasons['peak_flops'] = peak.reason;
  return { spec, peak_flops: peak.peak_flops, peak_source: peak.source };
}

type Rates = Pick<
  FlopsAnswer,
  'tokens_per_s_per_device' | 'tflops_per_device' | 'mfu_ratio' | 'hfu_ratio' | 'mfu_ratio_by_peak'
>;

const NO_RATES: Rates = {
  tokens_per_s_per_device: null,
  tflops_per_device: null,
  mfu_ratio: null,
  hfu_ratio: null,
  mfu_ratio_by_peak: null,
};

function ratesFrom(
  model: ModelFlops,
  { tokens_per_s, devices, recompute }: EfficiencyAsked,
  { spec, peak_flops }: Peak,
  dtype: string,
  reasons: Record<string, string>,
): Rates {
  if (tokens_per_s === undefined || devices === undefined) {
    reasons['mfu_ratio'] = 'no speed given: MFU needs --devices, --tokens-per-second and --hardware';
    return NO_RATES;
  }
  const speed = { tokens_per_s, devices, peak_flops };
  const measured: Rates = {
    ...NO_RATES,
    tokens_per_s_per_device: tokens_per_s / devices,
    tflops_per_device: mfuByConvention(model, { ...speed, peak_flops: 1e12 }),
  };
  if (peak_flops === null) {
    reasons['mfu_ratio'] = 'no peak is known: MFU is achieved over peak';
    return measured;
  }
  const fastest = flopsPerDevice(model.flops_per_token.mm_causal, speed) ?? 0;
  if (isAbovePeak(fastest, peak_flops)) {
    reasons['mfu_ratio'] =
      `${(fastest / 1e12).toFixed(1)} TFLOP/s a device (mm_causal) is above the peak: rejected. ` +
      'Tokens per second are over all devices; check it, the devices and the dtype';
    return measured;
  }
  if (recompute === undefined) reasons['hfu_ratio'] = 'recompute setting unknown: give --recompute';
  return {
    ...measured,
    mfu_ratio: mfuByConvention(model, speed),
    hfu_ratio: hfuRatio({ ...speed, model, recompute }),
    mfu_ratio_by_peak: mfuByPeak(tokens_per_s / devices, { model, hardware: spec, dtype }),
  };
}

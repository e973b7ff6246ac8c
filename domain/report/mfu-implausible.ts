import { denominatorsOf } from '../catalog/hardware.ts';
import { PEAK_DTYPES } from '../catalog/hardware-spec.ts';
import type { Explanation } from '../mfu-explanations.ts';
import { CONVENTIONS } from '../model-flops.ts';
import type { ResolvedSpec } from './job-spec.ts';
import type { ByConvention } from './rates.ts';
import type { Verdict } from './verdicts.ts';

/** How far MFU may lie above OFU before one of the two must be wrong; noise of samples and clocks stays below it. */
export const MFU_OVER_OFU_MAX = 0.05;

export interface PlausibilityAsked {
  readonly ofu_ratio: number | null;
  readonly mfu_ratio: ByConvention | null;
  /** As the framework printed it. */
  readonly logged_mfu_ratio: number | null;
  readonly spec: Pick<ResolvedSpec, 'hardware' | 'dtype' | 'devices'>;
}

/**
 * MFU above what the tensor units did: one of their cycles does at most its full rate of work, so the FLOPs formula,
 * the tokens, the device count or the peak is wrong. A verdict each for the MFU of here (`mm_causal`, which counts
 * least) and the one the framework printed, where it is more than {@link MFU_OVER_OFU_MAX} above OFU; in `logged` stands
 * that MFU, in `computed` OFU. None where either is unknown.
 */
export function mfuImplausible(asked: PlausibilityAsked): Verdict[] {
  const { ofu_ratio, mfu_ratio, logged_mfu_ratio } = asked;
  const own = mfu_ratio?.mm_causal ?? null;
  const isAbove = (mfu: number | null): mfu is number =>
    mfu !== null && ofu_ratio !== null && ofu_ratio > 0 && mfu > ofu_ratio + MFU_OVER_OFU_MAX;
  if (ofu_ratio === null) return [];
  const verdicts: Verdict[] = [];
  if (isAbove(own)) verdicts.push(verdictOf('MFU', own, ofu_ratio, explanations(own, ofu_ratio, asked.spec)));
  if (isAbove(logged_mfu_ratio)) {
    const explains = loggedExplanations(logged_mfu_ratio, ofu_ratio, mfu_ratio);
    verdicts.push(verdictOf('the MFU that the framework printed', logged_mfu_ratio, ofu_ratio, explains));
  }
  return verdicts;
}

function verdictOf(what: string, mfu: number, ofu: number, explains: readonly Explanation[]): Verdict {
  const [likeliest] = explains;
  const why =
    likeliest === undefined
      ? 'the FLOPs formula, the tokens, the device count or the peak is wrong'
      : `${likeliest.note} would explain it`;
  return {
    name: 'mfu_implausible',
    severity: 'warning',
    figure: 'mfu_ratio',
    logged: mfu,
    computed: ofu,
    gap_ratio: mfu / ofu - 1,
    message: `${what} is ${percent(mfu)}, above what the tensor units did (OFU ${percent(ofu)}): ${why}`,
    explains,
  };
}

/** Nobody trains in integers. */
const TRAINED_IN = PEAK_DTYPES.filter((dtype) => dtype !== 'int8');

/** What alone would bring MFU to where OFU allows it. `residual_ratio`: how far above OFU it would then be, over OFU. */
function explanations(
  mfu: number,
  ofu: number,
  { hardware, dtype, devices }: PlausibilityAsked['spec'],
): Explanation[] {
  const found: Explanation[] = [];
  const peak = hardware === null ? undefined : denominatorsOf(hardware, dtype)[0];
  for (const other of TRAINED_IN) {
    const flops = hardware?.peak_flops[other];
    if (peak === undefined || flops === undefined || flops <= peak.peak_flops) continue;
    const ratio = (mfu * peak.peak_flops) / flops;
    if (ratio > ofu + MFU_OVER_OFU_MAX) continue;
    const note = `matrix products in ${other} instead of ${peak.dtype}, whose peak is lower (MFU ${percent(ratio)})`;
    found.push({ cause: `peak_${other}`, note, residual_ratio: ratio / ofu - 1 });
  }
  const factor = Math.round(mfu / ofu);
  const left = mfu / ofu / factor - 1;
  if (factor >= 2 && Math.abs(left) <= FACTOR_TOLERANCE) {
    const counted = devices === null ? '' : ` (${devices * factor} instead of ${devices})`;
    const note = `tokens counted ${factor} times, or ${factor} times the devices${counted}`;
    found.push({ cause: 'token_or_device_factor', note, residual_ratio: left });
  }
  return found.sort((a, b) => Math.abs(a.residual_ratio) - Math.abs(b.residual_ratio));
}

/** MFU lies a little below OFU by nature (padding, recomputation), so a whole factor is not met more nearly. */
const FACTOR_TOLERANCE = 0.15;

/** The framework's way of counting, where the MFU of here is plausible. */
function loggedExplanations(logged: number, ofu: number, own: ByConvention | null): Explanation[] {
  const causal = own?.mm_causal ?? null;
  if (own === null || causal === null || causal > ofu + MFU_OVER_OFU_MAX) return [];
  return CONVENTIONS.flatMap((name) => {
    const ratio = own[name];
    if (ratio === null || Math.abs(logged / ratio - 1) > CONVENTION_TOLERANCE) return [];
    const note = `FLOPs counted by ${name} (by mm_causal MFU is ${percent(causal)})`;
    return [{ cause: name, note, residual_ratio: logged / ratio - 1 }];
  });
}

const CONVENTION_TOLERANCE = 0.02;

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

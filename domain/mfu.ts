import type { Recompute } from './events.ts';
import { CONVENTIONS, type ComponentFlops, type Convention, type ModelFlops } from './model-flops.ts';

/** Speed of a job: tokens per second over all `devices` on kept step time, and the dense peak of one device. */
export interface MeasuredSpeed {
  /** Null where it was not measured or cannot be known; so is then every ratio. */
  readonly tokens_per_s: number | null;
  readonly devices: number | null;
  /** FLOP/s of one device, dense, at the job's dtype. */
  readonly peak_flops: number | null;
}

/** FLOP/s of one device, or null where a part is unknown. */
export function flopsPerDevice(
  flops_per_token: number,
  { tokens_per_s, devices }: Pick<MeasuredSpeed, 'tokens_per_s' | 'devices'>,
): number | null {
  if (tokens_per_s === null || devices === null || devices <= 0) return null;
  return (flops_per_token * tokens_per_s) / devices;
}

/** Model FLOPs utilisation, 0..1 when the inputs are true; null where a part is unknown. Never clamped. */
export function mfuRatio(speed: MeasuredSpeed & { readonly flops_per_token: number }): number | null {
  const flops = flopsPerDevice(speed.flops_per_token, speed);
  if (flops === null || speed.peak_flops === null || speed.peak_flops <= 0) return null;
  return flops / speed.peak_flops;
}

/**
 * FLOPs per token that the hardware does, recomputation included; null where the setting is unknown.
 * `full`: every layer's forward is done again and the head's is not, so the layers cost 4/3 (the coefficient 96 of
 * Megatron's SC21 formula, arXiv 2104.04473, which BLOOM's logs print). `selective`: the attention core is counted
 * again whole, as arXiv 2205.05198 does in its table of hardware FLOPs, 72 B L s h^2 (1 + s/3h + ...).
 */
export function hardwareFlopsPerToken(
  model: Pick<ModelFlops, 'components' | 'flops_per_token'>,
  recompute: Recompute | undefined,
  convention: 'mm_full' | 'mm_causal' = 'mm_full',
): number | null {
  if (recompute === undefined) return null;
  const again = model.components.filter(({ in_totals }) => in_totals).map(againBy[recompute]);
  return model.flops_per_token[convention] + again.reduce((sum, cost) => sum + cost(convention), 0);
}

type Again = (component: ComponentFlops) => (convention: 'mm_full' | 'mm_causal') => number;

const againBy: Readonly<Record<Recompute, Again>> = {
  none: () => () => 0,
  full: (component) => (convention) =>
    component.component === 'head' ? 0 : component.forward_flops_per_token[convention],
  selective: (component) => (convention) =>
    component.component === 'attention_scores' ? component.training_flops_per_token[convention] : 0,
};

/**
 * Hardware FLOPs utilisation; null unless the recompute setting is known. Counted in `mm_full` unless told otherwise:
 * the trainers that print hardware FLOPs count the whole score matrix.
 */
export function hfuRatio(
  speed: MeasuredSpeed & {
    readonly model: Pick<ModelFlops, 'components' | 'flops_per_token'>;
    readonly recompute: Recompute | undefined;
    readonly convention?: 'mm_full' | 'mm_causal';
  },
): number | null {
  const flops_per_token = hardwareFlopsPerToken(speed.model, speed.recompute, speed.convention);
  return flops_per_token === null ? null : mfuRatio({ ...speed, flops_per_token });
}

/** One ratio a convention. */
export function mfuByConvention(
  model: Pick<ModelFlops, 'flops_per_token'>,
  speed: MeasuredSpeed,
): Readonly<Record<Convention, number | null>> {
  const of = (convention: Convention) =>
    mfuRatio({ ...speed, flops_per_token: model.flops_per_token[convention] });
  return { mm_causal: of('mm_causal'), mm_full: of('mm_full'), palm: of('palm'), six_n: of('six_n') };
}

/**
 * Whether a speed is faster than the device can be: trainers that time asynchronous dispatch print such steps, and
 * they are rejected and counted rather than averaged. An unknown peak rejects nothing.
 */
export function isAbovePeak(flops_per_device: number, peak_flops: number | null): boolean {
  return peak_flops !== null && flops_per_device > peak_flops;
}

/** Disagreement between a trainer's own figure and the computed one beyond which the spec is in doubt. */
export const LOGGED_TOLERANCE = 0.02;

export interface LoggedSpeed {
  /** FLOP/s of one device as the trainer printed it (not TFLOP/s). */
  readonly logged_flops_per_device: number;
  readonly tokens_per_s_per_device: number;
  readonly model: Pick<ModelFlops, 'components' | 'flops_per_token'>;
  /** When known, only this setting's hardware FLOPs can explain the figure. */
  readonly recompute?: Recompute | undefined;
}

export interface Recognition {
  /** A convention, or a way of counting hardware FLOPs; null where nothing is within the tolerance. */
  readonly recognised_as: string | null;
  readonly note: string;
  /** Logged over computed, minus 1, of the nearest way of counting. */
  readonly residual_ratio: number;
  /** Everything within the tolerance, nearest first: at short sequences the conventions lie close together. */
  readonly candidates: readonly string[];
}

interface Way {
  readonly name: string;
  readonly flops_per_token: number;
  readonly note: string;
}

/** Which way of counting reproduces the FLOP/s that a trainer printed, given its tokens per second. */
export function recogniseLogged(logged: LoggedSpeed, tolerance: number = LOGGED_TOLERANCE): Recognition {
  const measured = logged.logged_flops_per_device / logged.tokens_per_s_per_device;
  const ranked = waysOf(logged)
    .map((way) => ({ way, residual: measured / way.flops_per_token - 1 }))
    .sort((a, b) => Math.abs(a.residual) - Math.abs(b.residual));
  const nearest = ranked[0];
  if (nearest === undefined) throw new RangeError('a model without FLOPs explains no logged figure');
  const within = ranked.filter(({ residual }) => Math.abs(residual) <= tolerance);
  const percent = `${(nearest.residual * 100).toFixed(2)} %`;
  return {
    recognised_as: within[0]?.way.name ?? null,
    note:
      within[0]?.way.note ??
      `no known way of counting gives the logged figure; the nearest, ${nearest.way.name}, is off by ${percent}`,
    residual_ratio: nearest.residual,
    candidates: within.map(({ way }) => way.name),
  };
}

const CONVENTION_NOTES: Readonly<Record<Convention, string>> = {
  mm_causal: 'model FLOPs with half of the score matrix (mm_causal)',
  mm_full: 'model FLOPs with the whole score matrix (mm_full)',
  palm: '6 N over all parameters plus attention (palm)',
  six_n: '6 N over active parameters, attention left out (six_n)',
};

function waysOf({ model, recompute }: LoggedSpeed): Way[] {
  const conventions = CONVENTIONS.map((name) => ({
    name,
    flops_per_token: model.flops_per_token[name],
    note: CONVENTION_NOTES[name],
  }));
  return [...conventions, ...hardwareWays(model, recompute)].filter((way) => way.flops_per_token > 0);
}

function hardwareWays(model: LoggedSpeed['model'], recompute: Recompute | undefined): Way[] {
  const settings = recompute === undefined ? (['full', 'selective'] as const) : [recompute];
  return settings.flatMap((setting) => {
    if (setting === 'none') return [];
    return (['mm_full', 'mm_causal'] as const).map((convention) => ({
      name: HARDWARE_NAMES[setting][convention],
      flops_per_token: hardwareFlopsPerToken(model, setting, convention) ?? 0,
      note: `hardware FLOPs with ${setting} recomputation, attention as in ${convention}: this is HFU, not MFU`,
    }));
  });
}

/** Ways of counting hardware FLOPs by name: recomputation, then how attention is counted. */
export const HARDWARE_NAMES = {
  full: { mm_full: 'hfu_full_recompute_sc21', mm_causal: 'hfu_full_recompute_causal' },
  selective: { mm_full: 'hfu_selective_recompute', mm_causal: 'hfu_selective_recompute_causal' },
} as const;

import type { LedgerJson } from '../ledger/ledger-shape.ts';
import { CONVENTIONS, type Convention } from '../model-flops.ts';
import { itPowerW } from '../power.ts';
import type { JobView } from './job-view.ts';
import { keptWork } from './kept-work.ts';
import type { ByConvention } from './rates.ts';

/**
 * Totals in the manner of TOP500 (Rpeak, and what was achieved of it) and of MLPerf (the whole run, start to end).
 * FLOP/s over all devices together. Null is unknown.
 */
export interface Totals {
  /** Devices x dense peak of the job's dtype, FLOP/s. */
  readonly rpeak_flops: number | null;
  /** Devices x the power they may draw by the catalog (TDP), watts: hosts, network and cooling not included. */
  readonly rated_power_w: number | null;
  /** Model FLOP/s on kept step time: all its FLOPs over all its seconds, not a median of steps. */
  readonly achieved_flops: ByConvention | null;
  /** Of the peak of the devices that made the steps. */
  readonly achieved_ratio: ByConvention | null;
  /** Kept model FLOPs over the whole horizon, whatever was lost in it; excluded time left out. */
  readonly sustained_flops: ByConvention | null;
  /** Of the peak of all device-time held. */
  readonly sustained_ratio: ByConvention | null;
  readonly kept_tokens: number | null;
  /** Model FLOPs of the kept tokens. */
  readonly kept_flops: ByConvention | null;
  /** Held, excluded time included; null where nobody said how many devices, or the clock is made up. */
  readonly device_hours: number | null;
}

export function totalsOf(
  {
    spec,
    kept,
    measured,
    clock_is_made_up,
  }: Pick<JobView, 'spec' | 'kept' | 'measured' | 'clock_is_made_up'>,
  ledger: LedgerJson,
  devices: number | null,
): Totals {
  const { model, peak_flops } = spec;
  const tdp_w = spec.hardware?.tdp_w ?? null;
  const { tokens } = keptWork(kept);
  const onSteps = keptWork(measured).tokens;
  const step_s = sum(measured.map((step) => step.step_s * step.count));
  const step_device_s = sumOrNull(
    measured.map((step) => (step.devices === undefined ? null : step.step_s * step.count * step.devices)),
  );
  const held_s = clock_is_made_up ? null : sumOrNull(Object.values(ledger.device_seconds));
  const excluded_s = ledger.device_seconds.excluded ?? 0;
  const horizon_s = clock_is_made_up ? null : ledger.horizon_s - (ledger.buckets_s.excluded ?? 0);
  const flops = (of: number | null, over: number | null) => byConvention(model?.flops_per_token, of, over);
  const peakOf = (device_s: number | null) =>
    peak_flops === null || device_s === null ? null : peak_flops * device_s;
  return {
    rpeak_flops: peak_flops === null || devices === null ? null : peak_flops * devices,
    rated_power_w: tdp_w === null || devices === null ? null : itPowerW(devices, tdp_w),
    achieved_flops: flops(onSteps, step_s),
    achieved_ratio: flops(onSteps, peakOf(step_device_s)),
    sustained_flops: flops(tokens, horizon_s),
    sustained_ratio: flops(tokens, peakOf(held_s === null ? null : held_s - excluded_s)),
    kept_tokens: tokens,
    kept_flops: flops(tokens, 1),
    device_hours: held_s === null ? null : held_s / 3600,
  };
}

function byConvention(
  flops_per_token: Readonly<Record<Convention, number>> | undefined,
  tokens: number | null,
  over: number | null,
): ByConvention | null {
  if (flops_per_token === undefined || tokens === null || over === null || over <= 0) return null;
  const entries = CONVENTIONS.map((name) => [name, (flops_per_token[name] * tokens) / over]);
  return Object.fromEntries(entries) as ByConvention;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Null for an empty list too: nothing was said. */
function sumOrNull(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
}

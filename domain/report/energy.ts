import { CONVENTIONS, type Convention } from '../model-flops.ts';
import { facilityOf } from '../power.ts';
import type { JobView } from './job-view.ts';
import { keptWork } from './kept-work.ts';
import type { ByConvention } from './rates.ts';
import type { SiteConfig } from './site.ts';
import { AMBIGUOUS, type EnergySource, type TelemetrySummary } from './telemetry.ts';

/** Energy of the job's devices over the range (not of hosts, network or cooling, except where said). Null is unknown. */
export interface EnergyReport {
  /** What was measured. */
  readonly joules: number;
  /** `counter`: read off energy counters; `power`: power integrated between scrapes. */
  readonly source: EnergySource;
  /** Share of the device-time held that the joules are of; null where nobody said how many devices were held. */
  readonly coverage_ratio: number | null;
  readonly counter_resets: number;
  readonly joules_by_bucket: Readonly<Record<string, number>>;
  /** In buckets that are neither productive, nor undecided, nor excluded. */
  readonly joules_lost: number;
  /** Mean of a device over the time its energy is known. */
  readonly device_power_w: number | null;
  /** Of kept step time, all devices together; device-time without samples is taken to draw the mean of the rest. */
  readonly joules_per_step: number | null;
  readonly joules_per_token: number | null;
  /** The whole range's energy, its losses included, for each token kept. */
  readonly joules_per_token_of_run: number | null;
  /** Model FLOP/s per watt on kept step time, which is model FLOPs per joule. */
  readonly flops_per_watt: ByConvention | null;
  readonly pue: number | null;
  readonly pue_source: 'measured' | 'configured' | null;
  /** Joules of the devices x PUE; null without one. */
  readonly facility_joules: number | null;
}

export interface EnergyLimits {
  /** Share of device-time with known energy below which no rate is made of it. */
  readonly coverage_min_ratio: number;
}
export const ENERGY_LIMITS: EnergyLimits = { coverage_min_ratio: 0.9 };

/** Energy in these was not lost: spent on kept steps, not yet decided, or taken out by the operator. */
const NOT_LOST = new Set(['productive', 'in_flight', 'excluded']);
const KEPT = 'productive';

/** Null when no energy of the job's devices is known; the reason is `energyReasons`'. */
export function energyOf(
  { telemetry, kept, spec, site }: Pick<JobView, 'telemetry' | 'kept' | 'spec' | 'site'>,
  limits: EnergyLimits = ENERGY_LIMITS,
): EnergyReport | null {
  const energy = telemetry === null || telemetry.is_ambiguous ? null : telemetry.energy;
  if (telemetry === null || energy === null) return null;
  const { steps, tokens } = keptWork(kept);
  const { held_device_s } = telemetry;
  const buckets = Object.entries(energy.by_bucket);
  const device_s = buckets.reduce((sum, [, bucket]) => sum + bucket.device_s, 0);
  const onSteps = filledUp(energy.by_bucket[KEPT], held_device_s?.[KEPT], limits);
  const held_s = held_device_s === null ? undefined : total(Object.values(held_device_s));
  const ofRun = filledUp({ joules: energy.joules, device_s }, held_s, limits);
  const { pue, pue_source } = pueOf(telemetry, site);
  return {
    joules: energy.joules,
    source: energy.source,
    coverage_ratio: energy.coverage_ratio,
    counter_resets: energy.counter_resets,
    joules_by_bucket: Object.fromEntries(buckets.map(([bucket, { joules }]) => [bucket, joules])),
    joules_lost: total(buckets.map(([bucket, { joules }]) => (NOT_LOST.has(bucket) ? 0 : joules))),
    device_power_w: device_s > 0 ? energy.joules / device_s : null,
    joules_per_step: over(onSteps, steps),
    joules_per_token: over(onSteps, tokens),
    joules_per_token_of_run: over(ofRun, tokens),
    flops_per_watt: flopsPerJoule(onSteps, tokens, spec.model),
    pue,
    pue_source,
    facility_joules: pue === null ? null : facilityOf(energy.joules, pue),
  };
}

/** Why energy, or a part of it, is null or in doubt: to stand in `quality.reasons`. */
export function energyReasons(
  view: Pick<JobView, 'telemetry' | 'kept' | 'spec' | 'site'>,
  limits: EnergyLimits = ENERGY_LIMITS,
): Record<string, string> {
  const { telemetry } = view;
  if (telemetry === null) return {};
  if (telemetry.is_ambiguous) return { energy: AMBIGUOUS };
  if (telemetry.energy === null) return { energy: 'no device of the job tells its energy or its power' };
  const reasons: Record<string, string> = {};
  const { coverage_ratio } = telemetry.energy;
  if (coverage_ratio === null) {
    reasons['energy'] = 'nobody said how many devices the job held: no energy per step or token';
  } else if (coverage_ratio < limits.coverage_min_ratio) {
    reasons['energy'] =
      `energy is known of ${percent(coverage_ratio)} of the device-time: too little for a rate`;
  } else if (coverage_ratio < FULL) {
    reasons['energy'] =
      `energy is known of ${percent(coverage_ratio)} of the device-time: in rates the rest is taken to draw as much`;
  }
  if (pueOf(telemetry, view.site).pue === null) {
    reasons['facility_joules'] = 'no PUE: set site.power.pue, or site.power.pue_series where one is ingested';
  }
  return reasons;
}

/** A ratio below 1 was not measured as what it is called: it is left aside. */
function pueOf(
  { measured_pue }: TelemetrySummary,
  { power }: SiteConfig,
): Pick<EnergyReport, 'pue' | 'pue_source'> {
  if (measured_pue !== null && measured_pue >= 1) return { pue: measured_pue, pue_source: 'measured' };
  return { pue: power.pue, pue_source: power.pue === null ? null : 'configured' };
}

const FULL = 0.9995;

/** Joules of all the device-time held, where enough of it is known. */
function filledUp(
  known: { readonly joules: number; readonly device_s: number } | undefined,
  held_s: number | undefined,
  { coverage_min_ratio }: EnergyLimits,
): number | null {
  if (known === undefined || held_s === undefined || held_s <= 0 || known.device_s <= 0) return null;
  return known.device_s / held_s < coverage_min_ratio ? null : (known.joules * held_s) / known.device_s;
}

function flopsPerJoule(
  joules: number | null,
  tokens: number | null,
  model: JobView['spec']['model'],
): ByConvention | null {
  if (joules === null || tokens === null || model === null || joules <= 0) return null;
  const entries = CONVENTIONS.map((name): [Convention, number] => [
    name,
    (model.flops_per_token[name] * tokens) / joules,
  ]);
  return Object.fromEntries(entries) as ByConvention;
}

function over(joules: number | null, amount: number | null): number | null {
  return joules === null || amount === null || amount <= 0 ? null : joules / amount;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

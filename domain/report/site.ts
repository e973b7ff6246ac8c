import type { HardwareOverride } from '../catalog/hardware-overrides.ts';
import { SLOWDOWN_DEFAULTS, type SlowdownLimits } from './slowdown-limits.ts';

/** What only the operator knows of a site; null is unknown, and so is then what follows from it. */
export interface SiteConfig {
  /** Price of one device for one hour, for jobs that name none. */
  readonly price_per_device_hour: number | null;
  /** Name of the currency that prices are in, as it is to be printed. */
  readonly currency: string | null;
  /** Goodput that every job is held to that names no target of its own, above 0 and below 1. */
  readonly goodput_target_ratio?: number | null;
  /** From when on slow steps are an incident. */
  readonly slowdown?: SlowdownLimits;
  readonly power: {
    /** Facility power over IT power (power usage effectiveness), at least 1. */
    readonly pue: number | null;
    /** Name of a series of that ratio among those that are ingested; goes before `pue` where it has points. */
    readonly pue_series: string | null;
  };
  /** Devices that the site describes itself; not a setting of this section but of its own. */
  readonly hardware_overrides?: readonly HardwareOverride[];
}

export const SITE_DEFAULTS: SiteConfig = {
  price_per_device_hour: null,
  currency: null,
  goodput_target_ratio: null,
  slowdown: SLOWDOWN_DEFAULTS,
  power: { pue: null, pue_series: null },
};

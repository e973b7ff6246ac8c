import { median, quantile, type Weighted } from '../statistics.ts';
import { bestSustained, newestSteps } from './sustained.ts';
import type { KeptStep } from './throughput.ts';

export interface LiveOptions {
  /** Steps that a live rate looks back over. */
  readonly window_steps: number;
  /** Steps that tell a figure before it has a normal. */
  readonly normal_steps_min: number;
}

export interface LiveRates {
  readonly step_s: {
    readonly last: number | null;
    readonly median: number | null;
    readonly p99: number | null;
  };
  readonly tokens_per_s: number | null;
  readonly tokens_per_s_per_device: number | null;
  /** Speed now over the best sustained speed of the same specification on as many devices; null before there is one. */
  readonly speed_vs_normal_ratio: number | null;
}

/** Rates of the newest kept steps, and against the job's own normal. `steps`: kept, oldest first, of one specification. */
export function liveRates(steps: readonly KeptStep[], options: LiveOptions): LiveRates {
  const { window_steps, normal_steps_min } = options;
  return recentRates(newestSteps(steps, window_steps), (devices, speed) => {
    const alike = steps.filter((step) => step.devices === devices);
    return bestSustained(alike, SPEEDS[speed], {
      window_steps,
      steps_min: normal_steps_min,
      best: 'highest',
    });
  });
}

/** In tokens where they are known, else in steps: within one specification a step is always as many tokens. */
export const SPEEDS = { tokens: tokenRate, steps: stepRate } as const;
export type Speed = keyof typeof SPEEDS;

/** @param normalOf the best sustained speed on so many devices; null before there is one */
export function recentRates(
  recent: readonly KeptStep[],
  normalOf: (devices: number | undefined, speed: Speed) => number | null,
): LiveRates {
  const times = recent.map(({ step_s, count }) => ({ value: step_s, count }));
  return {
    step_s: {
      last: recent.at(-1)?.step_s ?? null,
      median: median(times) ?? null,
      p99: quantile(times, 0.99) ?? null,
    },
    tokens_per_s: medianOf(recent, tokenRate),
    tokens_per_s_per_device: medianOf(recent, deviceRate),
    speed_vs_normal_ratio: speedAgainstNormal(recent, normalOf),
  };
}

function speedAgainstNormal(
  recent: readonly KeptStep[],
  normalOf: (devices: number | undefined, speed: Speed) => number | null,
): number | null {
  const devices = recent.at(-1)?.devices;
  const alike = recent.filter((step) => step.devices === devices);
  for (const speed of ['tokens', 'steps'] as const) {
    const now = medianOf(alike, SPEEDS[speed]);
    if (now === null) continue;
    const normal = normalOf(devices, speed);
    return normal === null ? null : now / normal;
  }
  return null;
}

export function tokenRate({ tokens, step_s }: KeptStep): number | undefined {
  return tokens === undefined || step_s <= 0 ? undefined : tokens / step_s;
}

export function deviceRate(step: KeptStep): number | undefined {
  const rate = tokenRate(step);
  return rate === undefined || step.devices === undefined ? undefined : rate / step.devices;
}

function stepRate({ step_s }: KeptStep): number | undefined {
  return step_s <= 0 ? undefined : 1 / step_s;
}

export function medianOf(
  steps: readonly KeptStep[],
  figureOf: (step: KeptStep) => number | undefined,
): number | null {
  const told = steps.flatMap((step): Weighted[] => {
    const value = figureOf(step);
    return value === undefined ? [] : [{ value, count: step.count }];
  });
  return median(told) ?? null;
}

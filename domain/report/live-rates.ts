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
  const recent = newestSteps(steps, options.window_steps);
  const times = recent.map(({ step_s, count }) => ({ value: step_s, count }));
  return {
    step_s: {
      last: steps.at(-1)?.step_s ?? null,
      median: median(times) ?? null,
      p99: quantile(times, 0.99) ?? null,
    },
    tokens_per_s: medianOf(recent, tokenRate),
    tokens_per_s_per_device: medianOf(recent, deviceRate),
    speed_vs_normal_ratio: speedAgainstNormal(steps, recent, options),
  };
}

/** In tokens where they are known, else in steps: within one specification a step is always as many tokens. */
function speedAgainstNormal(
  steps: readonly KeptStep[],
  recent: readonly KeptStep[],
  { window_steps, normal_steps_min }: LiveOptions,
): number | null {
  const devices = recent.at(-1)?.devices;
  const alike = steps.filter((step) => step.devices === devices);
  for (const speedOf of [tokenRate, stepRate]) {
    const now = medianOf(
      recent.filter((step) => step.devices === devices),
      speedOf,
    );
    const normal = bestSustained(alike, speedOf, {
      window_steps,
      steps_min: normal_steps_min,
      best: 'highest',
    });
    if (now !== null) return normal === null ? null : now / normal;
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

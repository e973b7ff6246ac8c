import type { Labels } from '../events.ts';
import { median, quantile, type Weighted } from '../statistics.ts';

/** One kept execution of a step, or of a line that averages `count` steps. Times are net of blocking spans. */
export interface KeptStep {
  readonly attempt: number;
  readonly step: number;
  readonly count: number;
  /** Seconds of one step. */
  readonly step_s: number;
  /** Tokens of one step over all devices; undefined when neither the line nor the job says. */
  readonly tokens: number | undefined;
  readonly devices: number | undefined;
  /** Wall-clock start and end, microseconds since the epoch. */
  readonly start_us: number;
  readonly end_us: number;
  /** Seconds of one step that its computing took; undefined where the source gives no phases. */
  readonly compute_s: number | undefined;
  /** What the sender attached; log readers put the framework's own figures here. */
  readonly labels: Labels;
}

export interface StepStatistics {
  readonly median: number | null;
  readonly p99: number | null;
  /** The first kept step of the job: it carries compilation and warm-up. */
  readonly first: number | null;
}

export interface Throughput {
  readonly step_s: StepStatistics;
  readonly tokens_per_s: number | null;
  readonly tokens_per_s_per_device: number | null;
}

/**
 * Step times in seconds and tokens per second over kept steps. Throughput is the median of the steps' own rates, so
 * that one slow step after a checkpoint or a ramping batch does not speak for the job.
 */
export function throughputOf(steps: readonly KeptStep[]): Throughput {
  const times = steps.map(({ step_s, count }) => ({ value: step_s, count }));
  const perDevice = ratesOf(steps, ({ tokens, devices }) =>
    tokens === undefined || devices === undefined ? undefined : tokens / devices,
  );
  return {
    step_s: {
      median: median(times) ?? null,
      p99: quantile(times, 0.99) ?? null,
      first: firstOf(steps)?.step_s ?? null,
    },
    tokens_per_s: median(ratesOf(steps, ({ tokens }) => tokens)) ?? null,
    tokens_per_s_per_device: median(perDevice) ?? null,
  };
}

function ratesOf(steps: readonly KeptStep[], tokensOf: (step: KeptStep) => number | undefined): Weighted[] {
  return steps.flatMap((step) => {
    const tokens = tokensOf(step);
    return tokens === undefined || step.step_s <= 0
      ? []
      : [{ value: tokens / step.step_s, count: step.count }];
  });
}

function firstOf(steps: readonly KeptStep[]): KeptStep | undefined {
  let first: KeptStep | undefined;
  for (const step of steps) if (first === undefined || step.end_us < first.end_us) first = step;
  return first;
}

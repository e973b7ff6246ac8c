import type { JobScopedEvent } from '../events.ts';
import { type LiveOptions, medianOf } from './live-rates.ts';
import { bestSustained, newestSteps } from './sustained.ts';
import type { KeptStep } from './throughput.ts';

/** Share of a step that its own computing took, by `attempt/step`; of several ranks the fastest speaks for the ideal. */
export type ComputeShares = ReadonlyMap<string, number>;

export function computeShares(events: readonly JobScopedEvent[]): ComputeShares {
  const shares = new Map<string, number>();
  for (const event of events) {
    if (event.type !== 'step' || event.end_us === undefined) continue;
    const compute = event.phases_us?.compute;
    const whole = event.end_us - event.start_us;
    if (compute === undefined || whole <= 0) continue;
    const key = shareKey(event.attempt, event.step);
    shares.set(key, Math.min(compute / whole, shares.get(key) ?? Number.POSITIVE_INFINITY));
  }
  return shares;
}

/** An event may leave its attempt out: then its step number alone has to do. */
export function computeShareOf(shares: ComputeShares, attempt: number, step: number): number | undefined {
  return shares.get(shareKey(attempt, step)) ?? shares.get(shareKey(undefined, step));
}

function shareKey(attempt: number | undefined, step: number): string {
  return `${attempt ?? ''}/${step}`;
}

/** Steps that an estimate of a whole run looks at, and that it needs: as many as the live series' defaults. */
export const ESTIMATE_WINDOW: LiveOptions = { window_steps: 20, normal_steps_min: 20 };

/**
 * A live linearity of a job without a baseline: its own ideal, the computing alone of its best window, over its step
 * time. An estimate: it takes for granted that a single node would compute as fast. Null without phases.
 */
export function scalingEstimate(
  steps: readonly KeptStep[],
  { window_steps, normal_steps_min }: LiveOptions,
): number | null {
  const recent = newestSteps(steps, window_steps);
  const step_s = medianOf(recent, (step) => step.step_s);
  const ideal_s =
    bestSustained(steps, ({ compute_s }) => compute_s, {
      window_steps,
      steps_min: normal_steps_min,
      best: 'lowest',
    }) ?? medianOf(recent, ({ compute_s }) => compute_s);
  return step_s === null || ideal_s === null || step_s <= 0 ? null : ideal_s / step_s;
}

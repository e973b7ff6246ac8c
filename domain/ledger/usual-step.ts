import { median, type Weighted } from '../statistics.ts';
import type { Execution } from './executions.ts';

/** What is left of each execution, microseconds, in their order. */
export interface StepTimes {
  /** Covered by no blocking span and no exclusion: what the step counts for. */
  readonly net_us: readonly number[];
  /** Covered by no blocking span. An exclusion says that time does not count, not that no step ran. */
  readonly own_us: readonly number[];
}

/**
 * Microseconds that one step usually takes: the median over executions that nothing interrupted. A step that a span or
 * an exclusion reaches into shows only the part of its time that is left, which is no step time; only where every one
 * is so, the median of their own time is taken. Undefined without a step that has any net time.
 *
 * @param indices which of `executions` to look at
 */
export function usualStep(
  indices: readonly number[],
  executions: readonly Execution[],
  { net_us, own_us }: StepTimes,
): number | undefined {
  const whole: Weighted[] = [];
  const rest: Weighted[] = [];
  for (const index of indices) {
    const execution = executions[index];
    const net = net_us[index] ?? 0;
    if (execution === undefined || net === 0) continue;
    const { count, start_us, end_us } = execution;
    const isWhole = net === end_us - start_us;
    (isWhole ? whole : rest).push({ value: (own_us[index] ?? net) / count, count });
  }
  return median(whole.length > 0 ? whole : rest);
}

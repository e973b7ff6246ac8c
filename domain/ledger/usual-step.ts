import { median, type Weighted } from '../statistics.ts';
import type { Execution } from './executions.ts';

/**
 * Microseconds that one step usually takes: the median over executions that nothing interrupted. A step that a span or
 * an exclusion reaches into shows only the part of its time that is left, which is no step time; only where every one
 * is so, the median of what is left of them is taken. Undefined without a step that has any time of its own.
 *
 * @param indices which of `executions` to look at
 * @param net_us net time of each of `executions`
 */
export function usualStep(
  indices: readonly number[],
  executions: readonly Execution[],
  net_us: readonly number[],
): number | undefined {
  const whole: Weighted[] = [];
  const rest: Weighted[] = [];
  for (const index of indices) {
    const execution = executions[index];
    const net = net_us[index] ?? 0;
    if (execution === undefined || net === 0) continue;
    const { count, start_us, end_us } = execution;
    (net === end_us - start_us ? whole : rest).push({ value: net / count, count });
  }
  return median(whole.length > 0 ? whole : rest);
}

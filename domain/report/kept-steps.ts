import type { Account, StepExecution } from '../ledger/ledger-shape.ts';
import { type ComputeShares, computeShareOf } from './compute-share.ts';
import type { KeptStep } from './throughput.ts';

export interface StepRange {
  readonly from_us?: number | undefined;
  readonly to_us?: number | undefined;
}

/**
 * The train steps of the account that were completed and never rolled back, oldest first. A step belongs to the range
 * that its end lies in (after `from_us`, up to `to_us`), so that ranges side by side share no step.
 */
export function keptSteps(
  { steps }: Account,
  range: StepRange,
  spec: { readonly tokens_per_step: number | null; readonly devices: number | null },
  shares: ComputeShares,
): KeptStep[] {
  return steps
    .filter((step) => isKeptTrainStep(step) && isInRange(step, range))
    .map((step) => ({
      attempt: step.attempt,
      step: step.step,
      count: step.count,
      step_s: step.net_us / 1e6 / step.count,
      tokens: tokensOf(step, spec.tokens_per_step),
      devices: step.devices ?? spec.devices ?? undefined,
      start_us: step.start_us,
      end_us: step.end_us,
      compute_s: computeSeconds(step, shares),
      labels: step.labels,
    }))
    .sort((a, b) => a.end_us - b.end_us);
}

function isKeptTrainStep({ kind, fate }: StepExecution): boolean {
  return kind === 'train' && fate === 'productive';
}

function isInRange({ end_us }: StepExecution, { from_us, to_us }: StepRange): boolean {
  return (from_us === undefined || end_us > from_us) && (to_us === undefined || end_us <= to_us);
}

function computeSeconds(
  { attempt, step, count, start_us, end_us }: StepExecution,
  shares: ComputeShares,
): number | undefined {
  const share = computeShareOf(shares, attempt, step);
  return share === undefined ? undefined : (share * (end_us - start_us)) / 1e6 / count;
}

function tokensOf({ tokens, count }: StepExecution, tokens_per_step: number | null): number | undefined {
  return tokens === undefined ? (tokens_per_step ?? undefined) : tokens / count;
}

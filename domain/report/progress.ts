import { distinctSteps, isProgress } from '../ledger/executions.ts';
import type { Account } from '../ledger/ledger-shape.ts';

/** How far training came, of the whole run. */
export interface Progress {
  /** Highest step that is complete and was not undone; `last_step` of the report may have been undone since. */
  readonly last_productive_step: number | null;
  /** Different steps that are kept: what Google's library calls max_productive_steps. */
  readonly productive_steps: number;
  /** Attempts after the first: what it calls disruptions. */
  readonly disruptions: number;
  readonly excluded_s: number;
}

export function progressOf(account: Account): Progress {
  const { steps, segments, attempts } = account;
  const kept = steps.filter((step) => step.fate === 'productive' && isProgress(step));
  let excluded_us = 0;
  for (const { bucket, from_us, to_us } of segments)
    if (bucket === 'excluded') excluded_us += to_us - from_us;
  return {
    last_productive_step: lastProductiveStep(account),
    productive_steps: distinctSteps(kept),
    disruptions: Math.max(0, attempts.length - 1),
    excluded_s: excluded_us / 1e6,
  };
}

/** Steps are in order of start, and what is kept only goes forward. */
export function lastProductiveStep({ steps }: Pick<Account, 'steps'>): number | null {
  return steps.findLast((step) => step.fate === 'productive' && isProgress(step))?.step ?? null;
}

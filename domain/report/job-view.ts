import type { FaultEvent, JobScopedEvent } from '../events.ts';
import { accountOf } from '../ledger/account.ts';
import type { Account, LiveLimits } from '../ledger/ledger-shape.ts';
import { isAbovePeak } from '../mfu.ts';
import { computeShares } from './compute-share.ts';
import { withFaultCauses } from './incident-causes.ts';
import { devicesOf } from './job-nodes.ts';
import { type ResolvedSpec, resolveSpec } from './job-spec.ts';
import { keptSteps, type StepRange } from './kept-steps.ts';
import { deviceRate } from './live-rates.ts';
import { type SpecHistory, specHistory } from './spec-history.ts';
import type { KeptStep } from './throughput.ts';

export interface ViewOptions {
  readonly job: string;
  /** The clock, for a job that is still open; undefined: its newest event. */
  readonly now_us?: number | undefined;
  /** Look as of then: later events are unseen. Descriptions (`job` events) hold at all times. */
  readonly at_us?: number | undefined;
  /** Restrict steps to this range; the account is always of the whole run. */
  readonly from_us?: number | undefined;
  readonly to_us?: number | undefined;
  readonly live?: LiveLimits | undefined;
  /** Hardware and driver faults of the job's nodes, which may name what the job could not. */
  readonly faults?: readonly FaultEvent[] | undefined;
}

/** A job joined with its specification as of one moment: what reports, series and answers are read off. */
export interface JobView {
  readonly job: string;
  /** The moment looked from, microseconds since the epoch; null when nothing was ever heard. */
  readonly at_us: number | null;
  readonly range: StepRange;
  readonly history: SpecHistory;
  readonly spec: ResolvedSpec;
  readonly account: Account;
  /** Kept train steps in the range, oldest first, without those that no device could have done. */
  readonly kept: readonly KeptStep[];
  /** How many steps claimed a speed above the peak. An asynchronous framework prints such times for its first steps. */
  readonly steps_above_peak: number;
}

export function jobView(events: readonly JobScopedEvent[], options: ViewOptions): JobView {
  const { job, now_us, at_us, from_us, to_us, live, faults = [] } = options;
  const account = withFaultCauses(
    accountOf(events, {
      job,
      ...(now_us === undefined ? {} : { now_us }),
      ...(at_us === undefined ? {} : { at_us }),
      ...(live === undefined ? {} : { live }),
    }),
    faults,
  );
  const history = specHistory(events);
  const looked_us = at_us ?? now_us ?? account.newest_event_us;
  const devices = devicesOf(events, looked_us ?? Number.POSITIVE_INFINITY, history.merged.device_count);
  const spec = resolveSpec(history.merged, devices);
  const steps = keptSteps(account, { from_us, to_us }, spec, computeShares(events));
  const kept = steps.filter((step) => isPossible(step, spec));
  const rejected = steps.length === kept.length ? [] : steps.filter((step) => !isPossible(step, spec));
  return {
    job,
    at_us: looked_us,
    range: { from_us, to_us },
    history,
    spec,
    account,
    kept,
    steps_above_peak: rejected.reduce((sum, { count }) => sum + count, 0),
  };
}

/** `mm_causal` counts the fewest FLOPs a correct kernel does: what exceeds the peak by it did not happen. */
function isPossible(step: KeptStep, { model, peak_flops }: ResolvedSpec): boolean {
  const rate = deviceRate(step);
  if (model === null || rate === undefined) return true;
  return !isAbovePeak(model.flops_per_token.mm_causal * rate, peak_flops);
}

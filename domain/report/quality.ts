import type { BaselineReference } from '../events.ts';
import { hasStartupInside } from '../ledger/executions.ts';
import type { LedgerJson } from '../ledger/ledger-shape.ts';
import { costReasons } from './cost.ts';
import { energyReasons } from './energy.ts';
import type { JobView } from './job-view.ts';
import { type LoggedNumbers, loggedMismatches } from './logged.ts';
import { memoryReasons } from './memory.ts';
import { ofuOf } from './ofu.ts';
import type { Quality } from './report-shape.ts';
import { telemetryNotes } from './telemetry-notes.ts';
import type { Throughput } from './throughput.ts';

/** What the figures of a report rest on, and why some are null, assumed or in doubt. */
export function qualityOf(
  view: JobView,
  throughput: Throughput,
  logged: LoggedNumbers | null,
  ledger: LedgerJson,
): Quality {
  const { account, spec, history, steps_above_peak } = view;
  return {
    made_from: 'events',
    ranks_expected: spec.devices,
    ranks_seen: account.ranks_seen,
    newest_event_at:
      account.newest_event_us === null ? null : new Date(account.newest_event_us / 1000).toISOString(),
    baseline: baselineText(spec.event.baseline),
    spec_version: history.version,
    coverage_ratio: coverageOf(ledger),
    steps_above_peak,
    reasons: {
      ...reasonsOf(view, throughput),
      ...telemetryReasons(view, ledger),
      ...loggedMismatches(logged, spec, throughput.tokens_per_s_per_device),
    },
  };
}

/** Share of the horizon that is in a named bucket; null without a horizon. */
export function coverageOf({ horizon_s, buckets_s }: LedgerJson): number | null {
  return horizon_s > 0 ? 1 - (buckets_s.other ?? 0) / horizon_s : null;
}

function telemetryReasons(view: JobView, ledger: LedgerJson): Record<string, string> {
  const { reason } = ofuOf(view.telemetry, view.spec);
  return {
    ...telemetryNotes(view.telemetry),
    ...(reason === null ? {} : { ofu_ratio: reason }),
    ...energyReasons(view),
    ...costReasons(view, ledger),
    ...memoryReasons(view),
  };
}

function reasonsOf(
  { account, at_us, spec, kept, measured, steps_above_peak, steps_unlogged, clock_is_made_up }: JobView,
  throughput: Throughput,
): Record<string, string> {
  const reasons: Record<string, string> = { ...spec.reasons };
  if (measured.length === 0)
    reasons['step_s'] = 'no train step was completed, kept and measured in this range';
  else if (throughput.tokens_per_s === null) {
    reasons['tokens_per_s'] =
      'no step says its tokens: send tokens with the steps, or tokens_per_step, or global_batch_sequences and sequence_length in a job event';
  }
  if (spec.event.recompute === undefined) {
    reasons['hfu_ratio'] =
      'the recompute setting is not known: hardware FLOPs cannot be told from model FLOPs';
  }
  if (steps_above_peak > 0) {
    reasons['steps_above_peak'] =
      `${steps_above_peak} kept steps claim a speed above the peak and are left out of every rate`;
  }
  if (clock_is_made_up) {
    reasons['mttr'] =
      'the log carries no time: its clock is made up of step times, so down time, repair times and goodput are not known';
  }
  if (hasImplausibleTimes(account, at_us)) {
    reasons['time'] =
      'events lie before the year 2000 or more than an hour ahead of the clock: times are microseconds since the epoch';
  }
  const from_launch = kept.filter(hasStartupInside);
  if (from_launch.length > 0) {
    reasons['startup'] =
      `when the first steps of ${from_launch.length} attempts began is not told: what they exceed the usual step time by is start-up, all of it where no attempt of that size tells that time`;
  }
  if (steps_unlogged > 0) {
    reasons['steps_unlogged'] =
      `${steps_unlogged} kept steps lie in gaps of the log: they count as steps and time, and are in no rate`;
  }
  return reasons;
}

/** 2000-01-01: no accelerator of the catalogue existed, but milliseconds taken for microseconds lie before it. */
const PLAUSIBLE_FROM_US = 946_684_800_000_000;
const PLAUSIBLE_AHEAD_US = 3_600_000_000;

function hasImplausibleTimes(
  { attempts, newest_event_us }: JobView['account'],
  at_us: number | null,
): boolean {
  const first_us = attempts[0]?.start_us;
  if (first_us !== undefined && first_us < PLAUSIBLE_FROM_US) return true;
  return newest_event_us !== null && at_us !== null && newest_event_us > at_us + PLAUSIBLE_AHEAD_US;
}

function baselineText(baseline: BaselineReference | undefined): string | null {
  if (baseline === undefined) return null;
  if ('job' in baseline) return `job ${baseline.job}`;
  return `${baseline.devices} devices at ${baseline.tokens_per_s_per_device} tokens/s per device`;
}

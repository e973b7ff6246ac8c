import type { FaultEvent, JobScopedEvent, NodeStateEvent } from '../events.ts';
import { accountOf } from '../ledger/account.ts';
import type { Account, LiveLimits } from '../ledger/ledger-shape.ts';
import { type Timeline, timelineOf } from '../ledger/timeline.ts';
import { isAbovePeak } from '../mfu.ts';
import { computeShares } from './compute-share.ts';
import { withFaultCauses } from './incident-causes.ts';
import { evidenceOf, type JobEvidence } from './job-evidence.ts';
import { devicesOf } from './job-nodes.ts';
import { type ResolvedSpec, resolveSpec } from './job-spec.ts';
import { type JobWork, jobWork } from './job-work.ts';
import { keptSteps, type StepRange } from './kept-steps.ts';
import { type KeptTrack, trackOf } from './kept-track.ts';
import { deviceRate } from './live-rates.ts';
import { isOfMadeUpClock } from './made-up-clock.ts';
import { SITE_DEFAULTS, type SiteConfig } from './site.ts';
import type { SlowdownLimits } from './slowdown-limits.ts';
import { withSlowdowns } from './slowdowns.ts';
import { type SpecHistory, specHistory } from './spec-history.ts';
import { type PhasesByStep, phasesByStep } from './step-phases.ts';
import { type Stragglers, stragglersOf } from './stragglers.ts';
import type { TelemetrySummary } from './telemetry.ts';
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
  /** States of the job's nodes, which tell when a fault was noticed and when nodes were ready again. */
  readonly node_states?: readonly NodeStateEvent[] | undefined;
  /** Rate of the baseline that the job names, where that is another job; a stored point is in its specification. */
  readonly baseline_tokens_per_s_per_device?: number | null | undefined;
  /** From when on slow steps are an incident. */
  readonly slowdown?: SlowdownLimits | undefined;
  /** Telemetry of the job's devices, joined with its ledger; the request for it is `telemetryRequest`'s. */
  readonly telemetry?: TelemetrySummary | null | undefined;
  /** What the operator set of the site: price, currency, PUE. */
  readonly site?: SiteConfig | undefined;
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
  /** What is asked of the account's segments and steps. */
  readonly timeline: Timeline;
  /** The source carried no time: a log reader laid its steps end to end. */
  readonly clock_is_made_up: boolean;
  /** Kept train steps in the range, oldest first. */
  readonly kept: readonly KeptStep[];
  /** Those of them that rates are made of: measured, and not faster than a device can be. */
  readonly measured: readonly KeptStep[];
  /** What live figures ask of them. */
  readonly track: KeptTrack;
  /** How many kept steps nobody measured: they lie in a gap of a log, and their time is a share of it. */
  readonly steps_unlogged: number;
  /** How many steps claimed a speed above the peak. An asynchronous framework prints such times for its first steps. */
  readonly steps_above_peak: number;
  /** What others and the job itself told beside its steps. */
  readonly evidence: JobEvidence;
  /** Parts of steps, as ranks told them. */
  readonly step_phases: PhasesByStep;
  /** Which ranks the others waited for, in the range or since a later time; looked through when asked for. */
  readonly stragglers: (since_us?: number) => Stragglers;
  /** Rate of the baseline, told or stored; null when none is named or it is not known. */
  readonly baseline_tokens_per_s_per_device: number | null;
  /** Kept work of the whole run against its ideal; made when first asked for. */
  readonly work: () => JobWork;
  /** Null when none was read, or none of the job's devices told anything. */
  readonly telemetry: TelemetrySummary | null;
  readonly site: SiteConfig;
}

export function jobView(events: readonly JobScopedEvent[], options: ViewOptions): JobView {
  const { job, now_us, at_us, from_us, to_us, live, faults = [], node_states = [] } = options;
  const history = specHistory(events);
  const told = accountOf(events, {
    job,
    ...(now_us === undefined ? {} : { now_us }),
    ...(at_us === undefined ? {} : { at_us }),
    ...(live === undefined ? {} : { live }),
  });
  const clock_is_made_up = [history.merged, ...told.steps].some(isOfMadeUpClock);
  const account = clock_is_made_up ? withoutRepairTimes(told) : withFaultCauses(told, faults);
  const looked_us = at_us ?? now_us ?? account.newest_event_us;
  const devices = devicesOf(events, looked_us ?? Number.POSITIVE_INFINITY, history.merged.device_count);
  const spec = resolveSpec(history.merged, devices, options.site?.hardware_overrides);
  const kept = keptSteps(account, { from_us, to_us }, spec, computeShares(events));
  const logged = kept.filter(({ labels }) => labels['unlogged'] !== true);
  const measured = logged.filter((step) => isPossible(step, spec));
  const work = once(() => {
    const isWhole = from_us === undefined && to_us === undefined;
    const whole = isWhole
      ? measured
      : keptSteps(account, {}, spec, new Map()).filter((step) => isMeasured(step, spec));
    const { changed_at_us } = history;
    return jobWork(events, { account, spec, measured: whole, changed_at_us, at_us });
  });
  return {
    job,
    at_us: looked_us,
    range: { from_us, to_us },
    history,
    spec,
    timeline: timelineOf(account),
    account: withSlowdowns(
      account,
      work().measured,
      work(),
      faults,
      options.slowdown ?? options.site?.slowdown,
    ),
    clock_is_made_up,
    kept,
    measured,
    track: trackOf(kept, measured, history.changed_at_us),
    steps_unlogged: stepsOf(kept) - stepsOf(logged),
    steps_above_peak: stepsOf(logged) - stepsOf(measured),
    evidence: evidenceOf(events, { at_us, faults, node_states }),
    step_phases: phasesByStep(events, at_us),
    stragglers: (since_us) => stragglersOf(events, { at_us, from_us: since_us ?? from_us, to_us }),
    baseline_tokens_per_s_per_device: baselineRate(spec, options),
    work,
    telemetry: options.telemetry ?? null,
    site: options.site ?? SITE_DEFAULTS,
  };
}

function isMeasured(step: KeptStep, spec: ResolvedSpec): boolean {
  return step.labels['unlogged'] !== true && isPossible(step, spec);
}

export function baselineRate(
  { event }: ResolvedSpec,
  options: Pick<ViewOptions, 'baseline_tokens_per_s_per_device'>,
): number | null {
  const { baseline } = event;
  if (baseline !== undefined && 'tokens_per_s_per_device' in baseline)
    return baseline.tokens_per_s_per_device;
  return options.baseline_tokens_per_s_per_device ?? null;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The clock of a log without times is made up: between its steps nothing was measured, and zero would be a lie. */
function withoutRepairTimes(account: Account): Account {
  const incidents = account.incidents.map((incident) => ({
    ...incident,
    time_to_detect_s: null,
    time_to_localize_s: null,
    time_to_nodes_ready_s: null,
    time_to_restart_s: null,
    time_to_first_step_s: null,
    time_to_regain_progress_s: null,
    last_progress_to_regain_s: null,
  }));
  return { ...account, incidents };
}

function stepsOf(steps: readonly KeptStep[]): number {
  return steps.reduce((sum, { count }) => sum + count, 0);
}

/** `mm_causal` counts the fewest FLOPs a correct kernel does: what exceeds the peak by it did not happen. */
export function isPossible(step: KeptStep, { model, peak_flops }: ResolvedSpec): boolean {
  const rate = deviceRate(step);
  if (model === null || rate === undefined) return true;
  return !isAbovePeak(model.flops_per_token.mm_causal * rate, peak_flops);
}

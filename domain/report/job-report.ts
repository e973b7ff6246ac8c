import type { JobScopedEvent } from '../events.ts';
import { distinctSteps } from '../ledger/executions.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { LedgerJson } from '../ledger/ledger-shape.ts';
import { accountSections, sectionReasons } from './account-sections.ts';
import { ESTIMATE_WINDOW, scalingEstimate } from './compute-share.ts';
import { costOf } from './cost.ts';
import { energyOf } from './energy.ts';
import { modelName, type ResolvedSpec } from './job-spec.ts';
import { type JobView, jobView, type ViewOptions } from './job-view.ts';
import { loggedNumbers, withLoggedRecompute } from './logged.ts';
import { withoutGoodput } from './made-up-clock.ts';
import { memoryOf } from './memory.ts';
import { mfuImplausible } from './mfu-implausible.ts';
import { ofuOf } from './ofu.ts';
import { qualityOf } from './quality.ts';
import { efficiencyRates, mfuByPeak } from './rates.ts';
import { reliabilityAllReasons, reliabilitySections } from './reliability-sections.ts';
import type { HardwareSummary, JobReport, Quality } from './report-shape.ts';
import { runTimeOf } from './run-time.ts';
import { stepKinds } from './step-kinds.ts';
import { stepTimeOf } from './step-time.ts';
import { type KeptStep, throughputOf } from './throughput.ts';
import { timeText } from './time-text.ts';
import { totalsOf } from './totals.ts';
import { verdictsOf } from './verdicts.ts';

export type { AnyJobReport } from './report-shape.ts';

export interface LedgerOptions extends ViewOptions {
  readonly windows_us?: { readonly size_us: number; readonly count_max: number } | undefined;
}

/** Everything there is to say of one job: events joined with ledger, model FLOPs and hardware. */
export function jobReport(events: readonly JobScopedEvent[], options: ViewOptions): JobReport {
  return reportOfView(jobView(events, options));
}

export function reportOfView(view: JobView): JobReport {
  const { job, account, kept, measured, range } = view;
  const throughput = throughputOf(measured);
  // where every step claims an impossible speed, what the framework printed says which input is wrong
  const told = measured.length > 0 ? measured : kept.filter(({ labels }) => labels['unlogged'] !== true);
  const spec = withLoggedRecompute(view.spec, loggedNumbers(told, view.spec));
  const logged = loggedNumbers(told, spec);
  const ledger = rangedLedger(view);
  const sections = accountSections(view, ledger);
  const reliable = reliabilitySections(view, ledger, sections.incidents);
  const quality = qualityOf({ ...view, spec }, throughput, logged, ledger);
  const devices = usualDevices(measured) ?? spec.devices;
  const rates = efficiencyRates(throughput.tokens_per_s_per_device, spec);
  const { ofu_ratio } = ofuOf(view.telemetry, spec);
  const step_time = stepTimeOf(measured, view.step_phases);
  return {
    job,
    state: account.state,
    at: timeOrNull(view.at_us),
    from: timeOrNull(range.from_us ?? (account.attempts.length > 0 ? account.from_us : null)),
    to: timeOrNull(range.to_us ?? (account.attempts.length > 0 ? account.to_us : null)),
    steps: distinctSteps(kept),
    attempts: account.attempts.length,
    lost_steps: account.lost_steps,
    last_step: account.last_step,
    last_progress_at: timeOrNull(account.last_progress_at_us),
    devices,
    spec: specSummary(spec, devices),
    model: spec.model,
    hardware: hardwareSummary(spec),
    ...throughput,
    ...rates,
    mfu_ratio_by_peak: mfuByPeak(throughput.tokens_per_s_per_device, spec),
    ofu_ratio,
    linearity_estimate_ratio: scalingEstimate(measured, ESTIMATE_WINDOW),
    logged,
    verdicts: [
      ...verdictsOf(told, spec, logged, throughputOf(told).tokens_per_s_per_device),
      ...mfuImplausible({ ...rates, ofu_ratio, logged_mfu_ratio: logged?.mfu_ratio ?? null, spec }),
    ],
    step_kinds: stepKinds(view),
    step_time,
    ledger,
    ...sections,
    ...reliable,
    run_time_s: runTimeOf(ledger),
    telemetry: view.telemetry,
    energy: energyOf(view),
    cost: costOf(view, ledger),
    memory: memoryOf({ ...view, spec }),
    totals: totalsOf(view, ledger, devices),
    quality: {
      ...quality,
      reasons: {
        ...quality.reasons,
        ...step_time.reasons,
        ...sectionReasons(sections),
        ...reliabilityAllReasons(reliable),
      },
    },
  };
}

/** The object of `ledger --json`, of a range and in windows where asked for, with `quality`. */
export function reportLedger(
  events: readonly JobScopedEvent[],
  { windows_us, ...options }: LedgerOptions,
): LedgerJson & { readonly quality: Quality } {
  return ledgerOfView(jobView(events, options), windows_us);
}

export function ledgerOfView(
  view: JobView,
  windows_us?: LedgerOptions['windows_us'],
): LedgerJson & { readonly quality: Quality } {
  const ledger = rangedLedger(view, windows_us);
  return { ...ledger, quality: qualityOf(view, throughputOf(view.measured), null, ledger) };
}

/** Devices of most measured steps: those that the rates of this report are of, also when a restart took fewer. */
function usualDevices(steps: readonly KeptStep[]): number | null {
  const counts = new Map<number, number>();
  for (const { devices, count } of steps) {
    if (devices !== undefined) counts.set(devices, (counts.get(devices) ?? 0) + count);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function rangedLedger(view: JobView, windows_us?: LedgerOptions['windows_us']): LedgerJson {
  const { from_us, to_us } = view.range;
  const ledger = ledgerOf(view.account, {
    ...(from_us === undefined ? {} : { from_us }),
    ...(to_us === undefined ? {} : { to_us }),
    ...(windows_us === undefined ? {} : { windows_us }),
  });
  return view.clock_is_made_up ? withoutGoodput(ledger) : ledger;
}

function specSummary(spec: ResolvedSpec, devices: number | null): JobReport['spec'] {
  const { event, tokens_per_step, hardware } = spec;
  const { sequence_length, recompute, parallelism, baseline, labels } = event;
  const sequences =
    tokens_per_step === null || sequence_length === undefined ? null : tokens_per_step / sequence_length;
  return {
    model: modelName(spec),
    hardware: hardware?.key ?? event.hardware ?? null,
    dtype: spec.dtype,
    tokens_per_step,
    batch_sequences_per_device: sequences === null || devices === null ? null : sequences / devices,
    ...(sequence_length === undefined ? {} : { sequence_length }),
    ...(recompute === undefined ? {} : { recompute }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(baseline === undefined ? {} : { baseline }),
    labels,
  };
}

function hardwareSummary({ hardware, event, dtype, peak_flops, peak_source }: ResolvedSpec): HardwareSummary {
  return { name: hardware?.key ?? event.hardware ?? null, dtype, peak_flops, peak_source };
}

function timeOrNull(us: number | null): string | null {
  return us === null ? null : timeText(us);
}

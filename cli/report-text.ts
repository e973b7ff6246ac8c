import { CONVENTIONS } from '../domain/model-flops.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { incidentText } from './incident-text.ts';
import { computeText } from './report-sections/effective-compute.ts';
import { lossesText } from './report-sections/losses.ts';
import { ratiosText } from './report-sections/ratios.ts';
import { reliabilityText } from './report-sections/reliability.ts';
import { isReasonForPeople, resourcesText } from './report-sections/resources.ts';
import { slowTimeText } from './report-sections/slow-time.ts';
import { stepTimeText } from './report-sections/step-time.ts';
import { verdictsText } from './report-sections/verdicts.ts';
import { count, duration, significant } from './units.ts';
import { verdictOf } from './verdict.ts';
import { percent, type WaterfallRow, waterfallText } from './waterfall.ts';

/** The report of a job for people: what is wrong, who, what it cost and what to do; then the figures; then what is unknown. */
export function reportText(report: JobReport): string {
  return [
    heading(report),
    incidentsText(report),
    reliabilityText(report),
    lossesText(report),
    goodputText(report),
    computeText(report),
    ratiosText(report),
    slowTimeText(report),
    speedText(report),
    stepTimeText(report),
    verdictsText(report),
    efficiencyText(report),
    loggedText(report),
    resourcesText(report),
    qualityText(report),
  ]
    .filter((section) => section !== '')
    .join('\n\n');
}

function heading(report: JobReport): string {
  const { what, who, cost, todo } = verdictOf(report);
  const lines = [what];
  if (who !== null) lines.push(`  who    ${who}`);
  if (cost !== null) lines.push(`  cost   ${cost}`);
  if (todo !== null) lines.push(`  to do  ${todo}`);
  return lines.join('\n');
}

function goodputText({ ledger, steps, attempts, lost_steps, devices }: JobReport): string {
  const { goodput_ratio, horizon_s } = ledger;
  if (goodput_ratio === null && horizon_s > 0) return 'Goodput unknown: the log carries no time';
  if (goodput_ratio === null) return 'Goodput: nothing to account for yet';
  const run = `${count(steps)} steps kept, ${count(lost_steps)} lost, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const held = devices === null ? 'devices unknown' : `${count(devices)} devices`;
  return [
    `Goodput ${percent(goodput_ratio)} of ${duration(horizon_s)} (${held}; ${run})`,
    waterfallText(waterfallRows(ledger)),
  ].join('\n');
}

/** Losses, the largest first, and what is left of the horizon at the end. */
export function waterfallRows({ buckets_s, horizon_s, device_seconds }: JobReport['ledger']): WaterfallRow[] {
  const rows = Object.entries(buckets_s).sort(([, a], [, b]) => b - a);
  const productive = rows.filter(([bucket]) => bucket === 'productive');
  const losses = rows.filter(([bucket]) => bucket !== 'productive');
  return [...losses, ...productive].map(([bucket, seconds]) => {
    const device_s = device_seconds[bucket as keyof typeof device_seconds];
    const hours = device_s === undefined ? '' : `  ${significant(device_s / 3600, 3)} device-h`;
    return { label: bucket, share: seconds / horizon_s, text: `${duration(seconds)}${hours}` };
  });
}

function speedText({ step_s, tokens_per_s, tokens_per_s_per_device, run_time_s }: JobReport): string {
  const { median, p99, first } = step_s;
  if (median === null) return '';
  const custom = Object.entries(run_time_s.custom).map(([name, seconds]) => `${name} ${summand(seconds)}`);
  const parts = [`steps ${summand(run_time_s.steps)}`, ...custom, `other ${summand(run_time_s.other)}`];
  const init = run_time_s.init === 0 ? '' : `, after initialisation ${summand(run_time_s.init)}`;
  return [
    `Step time  median ${stepTime(median)}, p99 ${stepTime(p99)}, first ${stepTime(first)}`,
    `Speed      ${rateText(tokens_per_s)} tokens/s, ${rateText(tokens_per_s_per_device)} per device`,
    `Run time   ${summand(run_time_s.run)} = ${parts.join(' + ')}${init}`,
  ].join('\n');
}

function efficiencyText({
  model,
  hardware,
  mfu_ratio,
  hfu_ratio,
  mfu_ratio_by_peak,
  tflops_per_device,
  spec,
}: JobReport): string {
  if (model === null) return '';
  const peak =
    hardware.peak_flops === null
      ? 'peak unknown'
      : `${significant(hardware.peak_flops / 1e12, 4)} TFLOP/s dense ${hardware.dtype}`;
  const rows = CONVENTIONS.map((convention) => {
    const mfu = mfu_ratio?.[convention] ?? null;
    const tflops = tflops_per_device?.[convention] ?? null;
    const flops = significant(model.flops_per_token[convention] / 1e9, 5);
    return `  ${convention.padEnd(9)}  MFU ${ratioText(mfu).padStart(8)}  ${significant(tflops).padStart(7)} TFLOP/s/device  ${flops} GFLOP/token`;
  });
  const recompute = spec.recompute === undefined ? '' : ` (recompute ${spec.recompute})`;
  return [
    `Model ${model.name}: ${count(model.parameters)} parameters; ${hardware.name ?? 'device unknown'}, ${peak}`,
    ...rows,
    ...peaksText(mfu_ratio_by_peak),
    ...(hfu_ratio === null ? [] : [`  HFU ${ratioText(hfu_ratio)}${recompute}`]),
  ].join('\n');
}

/** Where the denominator is open, MFU against each peak, labelled with its format. */
function peaksText(peaks: JobReport['mfu_ratio_by_peak']): string[] {
  const rows = Object.entries(peaks ?? {});
  if (rows.length < 2) return [];
  return rows.map(
    ([dtype, mfu]) => `  MFU against the ${dtype} peak ${ratioText(mfu.mm_causal)} (mm_causal)`,
  );
}

function loggedText({ logged }: JobReport): string {
  if (logged === null) return '';
  const figures = [
    logged.tflops_per_device === null ? '' : `${significant(logged.tflops_per_device, 5)} TFLOP/s/device`,
    logged.mfu_ratio === null ? '' : `MFU ${percent(logged.mfu_ratio, 2)}`,
    logged.tokens_per_s_per_device === null
      ? ''
      : `${rateText(logged.tokens_per_s_per_device)} tokens/s/device`,
    logged.parameters === null ? '' : `${count(logged.parameters)} parameters`,
  ].filter((text) => text !== '');
  const by = logged.framework ?? 'the framework';
  const lines = figures.length === 0 ? [] : [`Logged by ${by} (medians): ${figures.join(', ')}`];
  if (logged.recognised_note !== null) {
    const share = `${logged.lines_recognised} of ${logged.lines_checked} lines`;
    lines.push(
      logged.recognised_as === null
        ? `  not recognised: ${logged.recognised_note}`
        : `  recognised: ${logged.recognised_note} (${share})`,
    );
  }
  if (logged.lines_checked === 0) return lines.join('\n');
  for (const line of logged.lines) {
    const ours = line.mfu_ratio;
    const mfu =
      ours === null
        ? 'MFU unknown'
        : `MFU ${ratioText(ours.mm_full)} full / ${ratioText(ours.mm_causal)} causal`;
    const hfu = line.hfu_ratio === null ? '' : `, HFU ${ratioText(line.hfu_ratio)}`;
    const odd = line.implied_devices === null ? '' : `; would fit ${count(line.implied_devices)} devices`;
    lines.push(
      `  step ${line.step}: ${stepTime(line.step_s)}, logged ${significant(line.tflops_per_device, 5)} TFLOP/s: ${mfu}${hfu}${odd}`,
    );
  }
  return lines.join('\n');
}

function incidentsText({ incidents, mttr }: JobReport): string {
  if (incidents.length === 0) return 'No incident';
  const summary =
    mttr.count === 0
      ? ''
      : `: repaired (fail to next step) in ${duration(mttr.mean_s)} on average of ${mttr.count}, median ${duration(mttr.median_s)}, p90 ${duration(mttr.p90_s)}`;
  return [`Incidents ${incidents.length}${summary}`, ...incidents.map(incidentText)].join('\n');
}

function qualityText({ quality, telemetry }: JobReport): string {
  const { ranks_expected, ranks_seen, newest_event_at, coverage_ratio, baseline, reasons } = quality;
  const seen = `ranks seen ${ranks_seen} of ${ranks_expected ?? 'unknown'}`;
  const covered =
    coverage_ratio === null ? '' : `, ${percent(coverage_ratio)} of the time accounted for by name`;
  const lines = [`Rests on: ${seen}${covered}; newest event ${newest_event_at ?? 'never'}`];
  if (baseline !== null) lines.push(`  baseline: ${baseline}`);
  for (const [field, reason] of Object.entries(reasons)) {
    if (isReasonForPeople(field, { telemetry })) lines.push(`  ${field}: ${reason}`);
  }
  return lines.join('\n');
}

/** Parts of a sum that a reader can add up. */
function summand(seconds: number): string {
  return `${seconds.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
}

/** Step times are compared with each other: always to the millisecond. */
function stepTime(seconds: number | null): string {
  return seconds === null ? 'unknown' : `${seconds.toFixed(3)} s`;
}

function ratioText(ratio: number | null): string {
  return ratio === null ? 'unknown' : percent(ratio, 2);
}

function rateText(value: number | null): string {
  return value === null ? 'unknown' : value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

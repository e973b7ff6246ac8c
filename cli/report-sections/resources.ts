import { CONVENTIONS } from '../../domain/model-flops.ts';
import { ENERGY_LIMITS } from '../../domain/report/energy.ts';
import type { JobReport } from '../../domain/report/report-shape.ts';
import type { ReportTable } from '../report-document.ts';
import { significant } from '../units.ts';
import { percent } from '../waterfall.ts';

/** What the devices did, drew, cost and held, as far as it is known; '' when nothing is. */
export function resourcesText(report: JobReport): string {
  return rowsOf(report)
    .map(([name, text]) => `${name.padEnd(10)} ${text}`)
    .join('\n');
}

export function resourcesTable(report: JobReport): ReportTable {
  return { title: 'Devices, energy, cost, memory, totals', columns: ['', ''], rows: rowsOf(report) };
}

/** Reasons that nobody waits for who sent no telemetry, price or memory settings; JSON has them all. */
const OPTIONAL = new Set([
  'ofu_ratio',
  'cost',
  'facility_joules',
  'memory',
  'activation_bytes',
  'energy',
  'slo',
  'step_deviation',
]);

/** Whether a reason is for people to read: the field is theirs, or something that is known of the job bears on it. */
export function isReasonForPeople(field: string, { telemetry }: Pick<JobReport, 'telemetry'>): boolean {
  // the section of the step lists the parts that are told; which are not is for those who read the JSON
  if (field.startsWith('step_time')) return false;
  if (!OPTIONAL.has(field)) return true;
  return telemetry !== null && (field === 'ofu_ratio' || field === 'energy');
}

function rowsOf(report: JobReport): [string, string][] {
  const rows: readonly [string, string][] = [
    ['Telemetry', telemetryText(report)],
    ['Energy', energyText(report)],
    ['Cost', costText(report)],
    ['Memory', memoryText(report)],
    ['Totals', totalsText(report)],
  ];
  return rows.filter(([, text]) => text !== '').map(([name, text]) => [name, text]);
}

function telemetryText({ telemetry, ofu_ratio, devices }: JobReport): string {
  if (telemetry === null) return '';
  const { activity, coverage_ratio, devices: heard } = telemetry;
  const of = devices === null ? `${heard} devices` : `${heard} of ${devices} devices`;
  const covered = coverage_ratio === null ? '' : `, ${percent(coverage_ratio)} of their time`;
  const active = activity.tensor_active_ratio;
  const clock = activity.sm_clock_hz === null ? '' : ` at ${significant(activity.sm_clock_hz / 1e6)} MHz`;
  return [
    ...(ofu_ratio === null ? [] : [`OFU ${percent(ofu_ratio, 2)}`]),
    ...(active === null ? [] : [`tensor units ${percent(active)} active${clock}`]),
    `heard of ${of}${covered}`,
  ].join(', ');
}

function energyText({ energy }: JobReport): string {
  if (energy === null) return '';
  const { joules, joules_lost, joules_per_step, joules_per_token, flops_per_watt, facility_joules } = energy;
  const causal = flops_per_watt?.mm_causal ?? null;
  // lost and kept time may be known to different parts
  const known = (energy.coverage_ratio ?? 0) >= ENERGY_LIMITS.coverage_min_ratio;
  const lost = joules > 0 && known ? `, ${percent(joules_lost / joules)} lost` : '';
  return [
    `${energyUnit(joules)} (${energy.source})${lost}`,
    ...(joules_per_step === null ? [] : [`${energyUnit(joules_per_step)} a step`]),
    ...(joules_per_token === null ? [] : [`${significant(joules_per_token, 3)} J a token`]),
    ...(causal === null ? [] : [`${significant(causal / 1e9, 3)} GFLOP/s per W`]),
    ...(facility_joules === null ? [] : [`facility ${energyUnit(facility_joules)} at PUE ${energy.pue}`]),
  ].join(', ');
}

function energyUnit(joules: number): string {
  if (joules >= 3.6e6) return `${significant(joules / 3.6e6, 3)} kWh`;
  return joules >= 1e4 ? `${significant(joules / 1e3, 3)} kJ` : `${significant(joules, 3)} J`;
}

function costText({ cost }: JobReport): string {
  if (cost === null) return '';
  const unit = cost.currency === null ? '' : ` ${cost.currency}`;
  const money = (amount: number) => `${amount.toLocaleString('en-US', { maximumFractionDigits: 2 })}${unit}`;
  const causes = Object.entries(cost.by_cause)
    .slice(0, CAUSES_SHOWN)
    .map(([cause, amount]) => `${cause} ${money(amount)}`);
  return [
    `${money(cost.total)} at ${significant(cost.price_per_device_hour)} a device-hour, ${money(cost.lost)} of it lost`,
    ...causes,
    ...(cost.per_million_tokens === null
      ? []
      : [`${significant(cost.per_million_tokens, 4)}${unit} for a million tokens`]),
  ].join(', ');
}

const CAUSES_SHOWN = 3;

function memoryText({ memory }: JobReport): string {
  const { measured, estimate, capacity_bytes, measured_over_estimate_ratio } = memory ?? {};
  const used = measured?.used_max_bytes ?? null;
  const total = estimate?.total_bytes ?? null;
  if (used === null && total === null) return '';
  const of = capacity_bytes == null ? '' : ` of ${gib(capacity_bytes)}`;
  return [
    ...(used === null ? [] : [`most used ${gib(used)}${of}`]),
    ...(total === null || estimate == null
      ? []
      : [
          `estimated ${gib(total)} (parameters ${gib(estimate.parameter_bytes)}, gradients ${gib(estimate.gradient_bytes)}, optimizer ${gib(estimate.optimizer_bytes)}, activations ${gib(estimate.activation_bytes ?? 0)})`,
        ]),
    ...(measured_over_estimate_ratio == null
      ? []
      : [`${significant(measured_over_estimate_ratio, 3)} times the estimate`]),
  ].join(', ');
}

function gib(bytes: number): string {
  return `${significant(bytes / 2 ** 30, 3)} GiB`;
}

function totalsText({ totals }: JobReport): string {
  const { rpeak_flops, achieved_flops, achieved_ratio, sustained_ratio, kept_flops, device_hours } = totals;
  const [convention] = CONVENTIONS;
  const achieved = achieved_flops?.[convention] ?? null;
  if (achieved === null || rpeak_flops === null) return '';
  const ratio = achieved_ratio?.[convention] ?? null;
  const sustained = sustained_ratio?.[convention] ?? null;
  return [
    `${tera(achieved)} of Rpeak ${tera(rpeak_flops)}${ratio === null ? '' : ` (${percent(ratio)})`} on kept steps`,
    ...(sustained === null ? [] : [`${percent(sustained)} over the whole run`]),
    `${(kept_flops?.[convention] ?? 0).toExponential(2)} FLOPs kept`,
    ...(device_hours === null ? [] : [`${significant(device_hours, 4)} device-hours`]),
    convention,
  ].join(', ');
}

function tera(flops: number): string {
  return flops >= 1e15
    ? `${significant(flops / 1e15, 4)} PFLOP/s`
    : `${significant(flops / 1e12, 4)} TFLOP/s`;
}

import { MTBF_VARIANTS } from '../../domain/catalog/reliability-metrics.ts';
import type { Mtbf } from '../../domain/ledger/reliability.ts';
import type { JobReport } from '../../domain/report/report-shape.ts';
import type { ReportTable } from '../report-document.ts';
import { duration } from '../units.ts';
import { percent } from '../waterfall.ts';

/** How many phases of lost time are named; JSON has them all. */
const PHASES_SHOWN = 3;

/** How often it fails, how repairs go, what to attack and how often to save; '' for a run without a failure or a save. */
export function reliabilityText(report: JobReport): string {
  return [
    ...failureLines(report),
    ...nodeLines(report),
    ...attackLines(report),
    ...checkpointLines(report),
    ...sloLines(report),
  ].join('\n');
}

function failureLines({ reliability, mttr, quality }: JobReport): string[] {
  const { all, unplanned, planned, manual } = reliability.interruptions;
  if (all === 0 || quality.reasons['reliability.mtbf.elapsed'] !== undefined) return [];
  const kinds = [`${unplanned} unplanned`, `${planned} planned`, `${manual} manual`];
  const phases = Object.entries(mttr.phases)
    .filter(([, { count }]) => count > 0)
    .map(([phase, { median_s }]) => `${phase} ${duration(median_s)}`);
  return [
    `Failures   ${kinds.join(', ')}; between them ${mtbfText(reliability.mtbf.running_time_unplanned)} of running`,
    ...(phases.length === 0 ? [] : [`Repair     medians: ${phases.join(', ')}`]),
  ];
}

function mtbfText({ mtbf_s, interval }: Mtbf): string {
  if (interval === null) return 'unknown time';
  if (mtbf_s === null || interval.high === null) return `at least ${duration(interval.low)}`;
  return `${duration(mtbf_s)} (95 %: ${duration(interval.low)} to ${duration(interval.high)})`;
}

function nodeLines({ node_repair }: JobReport): string[] {
  const { count, mean_s, median_s, p90_s, open } = node_repair;
  if (count === 0 && open.length === 0) return [];
  const done =
    count === 0
      ? 'none repaired yet'
      : `${count} repaired, mean ${duration(mean_s)}, median ${duration(median_s)}, p90 ${duration(p90_s)}`;
  const out = open.map(({ node, state, for_s }) => `${node} ${state} for ${duration(for_s)}`);
  return [`Nodes      ${[done, ...out].join('; ')}`];
}

function attackLines({ reliability }: JobReport): string[] {
  const { ettr_ratio, phases } = reliability.ettr;
  if (ettr_ratio === null || reliability.interruptions.all === 0) return [];
  const best = phases
    .filter(({ phase }) => phase !== 'failure_rate')
    .slice(0, PHASES_SHOWN)
    .map(({ phase, seconds, ettr_without_ratio }) => {
      return `${phase} ${duration(seconds)} (without it ${percent(ettr_without_ratio)})`;
    });
  return best.length === 0 ? [] : [`Attack     ${best.join(', then ')}`];
}

function checkpointLines({ checkpoints }: JobReport): string[] {
  const { saves, last_saved_step, interval, advice } = checkpoints;
  if (saves.count === 0) return [];
  const { mean_s, median_s } = saves.each;
  const each = `, blocking ${duration(mean_s)} on average (median ${duration(median_s)})`;
  const every = interval.in_use_s === null ? '' : `, every ${duration(interval.in_use_s)}`;
  const last = last_saved_step === null ? '' : `, last saved step ${last_saved_step}`;
  const { interval_s, low_s, high_s } = advice.young;
  const advised =
    interval_s !== null
      ? `; best every ${duration(interval_s)} (${duration(low_s)} to ${duration(high_s)})`
      : low_s !== null
        ? `; saving more often than every ${duration(low_s)} does not pay`
        : '';
  return [`Saves      ${saves.count}${each}${every}${last}${advised}`];
}

function sloLines({ slo }: JobReport): string[] {
  if (slo === null || slo.spent_ratio === null) return [];
  const firing = slo.alerts
    .filter((alert) => alert.firing)
    .map(({ severity, burn }) => `${severity} (${burn}x)`);
  const fires = firing.length === 0 ? '' : `; burns fast enough for ${firing.join(', ')}`;
  return [
    `Target     goodput ${percent(slo.target_ratio)}, set by the ${slo.source}: ${percent(slo.spent_ratio)} of the error budget spent, ${duration(slo.left_s)} left${fires}`,
  ];
}

export function reliabilityTable({ reliability }: JobReport): ReportTable {
  const { mtbf, interruptions } = reliability;
  const shown = interruptions.all === 0 ? [] : MTBF_VARIANTS;
  return {
    title: 'Mean time between failures',
    columns: ['Variant', 'Value', '95 % interval', 'Count', 'Formula'],
    rows: shown.map((variant) => {
      const { mtbf_s, interval, count, formula, reason } = mtbf[variant];
      const range =
        interval === null
          ? ''
          : `${duration(interval.low)} to ${interval.high === null ? '?' : duration(interval.high)}`;
      return [
        variant,
        mtbf_s === null ? `unknown: ${reason}` : duration(mtbf_s),
        range,
        String(count),
        formula,
      ];
    }),
  };
}

export function attackTable({ reliability }: JobReport): ReportTable {
  const { phases } = reliability.ettr;
  return {
    title: 'Which phase is worth attacking',
    columns: ['Phase', 'Time', 'd ETTR / d ln', '1 % less gains', 'ETTR without it'],
    rows: phases.map(({ phase, seconds, d_ettr_d_ln, gain_of_1_percent, ettr_without_ratio }) => [
      phase,
      duration(seconds),
      d_ettr_d_ln.toFixed(4),
      percent(gain_of_1_percent, 4),
      percent(ettr_without_ratio, 2),
    ]),
  };
}

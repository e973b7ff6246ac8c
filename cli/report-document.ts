import { CONVENTIONS } from '../domain/model-flops.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { computeTable } from './report-sections/effective-compute.ts';
import { lossesTable } from './report-sections/losses.ts';
import { ratiosTable } from './report-sections/ratios.ts';
import { attackTable, reliabilityTable } from './report-sections/reliability.ts';
import { isReasonForPeople, resourcesTable } from './report-sections/resources.ts';
import { slowTimeTable } from './report-sections/slow-time.ts';
import { stepTimeTable } from './report-sections/step-time.ts';
import { verdictsTable } from './report-sections/verdicts.ts';
import { waterfallRows } from './report-text.ts';
import { count, duration, significant } from './units.ts';
import { culprit, verdictOf } from './verdict.ts';
import { percent } from './waterfall.ts';

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Share of each row, 0..1, where the table is drawn as bars. */
  readonly shares?: readonly number[];
}

/** A report as headings and tables, for the formats that are laid out elsewhere. */
export interface ReportDocument {
  readonly title: string;
  readonly lead: readonly string[];
  readonly tables: readonly ReportTable[];
}

export function reportDocument(report: JobReport): ReportDocument {
  const { what, who, cost, todo } = verdictOf(report);
  return {
    title: `${report.job}: ${report.state}`,
    lead: [
      what,
      ...(who === null ? [] : [`Who: ${who}`]),
      ...(cost === null ? [] : [`Cost: ${cost}`]),
      ...(todo === null ? [] : [`To do: ${todo}`]),
    ],
    tables: [
      figures(report),
      incidents(report),
      reliabilityTable(report),
      attackTable(report),
      lossesTable(report),
      waterfall(report),
      computeTable(report),
      ratiosTable(report),
      slowTimeTable(report),
      stepTimeTable(report),
      verdictsTable(report),
      conventions(report),
      resourcesTable(report),
      quality(report),
    ].filter(({ rows }) => rows.length > 0),
  };
}

function figures(report: JobReport): ReportTable {
  const { ledger, step_s, logged } = report;
  const rows: [string, string][] = [
    ['Range', `${report.from ?? 'unknown'} to ${report.to ?? 'unknown'}`],
    ['Goodput', ledger.goodput_ratio === null ? 'unknown' : percent(ledger.goodput_ratio)],
    ['Devices', report.devices === null ? 'unknown' : count(report.devices)],
    ['Steps kept / lost', `${count(report.steps)} / ${count(report.lost_steps)}`],
    ['Attempts', count(report.attempts)],
    ['Step time, median / p99 / first', [step_s.median, step_s.p99, step_s.first].map(duration).join(' / ')],
    ['Tokens per second', significant(report.tokens_per_s, 6)],
    ['Tokens per second and device', significant(report.tokens_per_s_per_device, 6)],
  ];
  if (report.mttr.count > 0) {
    rows.push([
      'Repair time (fail to next step), mean',
      `${duration(report.mttr.mean_s)} of ${report.mttr.count}`,
    ]);
  }
  if (logged?.recognised_note != null) rows.push(['Logged TFLOP/s are', logged.recognised_note]);
  return { title: 'Figures', columns: ['', ''], rows };
}

function waterfall({ ledger }: JobReport): ReportTable {
  const rows = waterfallRows(ledger);
  return {
    title: 'Where the time went',
    columns: ['Bucket', 'Share', 'Time'],
    rows: rows.map(({ label, share, text }) => [label, percent(share), text]),
    shares: rows.map(({ share }) => share),
  };
}

function conventions({ model, mfu_ratio, tflops_per_device }: JobReport): ReportTable {
  const rows = CONVENTIONS.map((name) => {
    const mfu = mfu_ratio?.[name] ?? null;
    return [
      name,
      mfu === null ? 'unknown' : percent(mfu, 2),
      significant(tflops_per_device?.[name] ?? null),
      model === null ? 'unknown' : significant(model.flops_per_token[name] / 1e9, 5),
    ];
  });
  return {
    title: 'Efficiency on kept step time',
    columns: ['Convention', 'MFU', 'TFLOP/s/device', 'GFLOP/token'],
    rows: model === null ? [] : rows,
  };
}

function incidents({ incidents }: JobReport): ReportTable {
  return {
    title: 'Incidents',
    columns: ['Failed at', 'Kind', 'Cause', 'Steps lost', 'Detected', 'First step', 'Regained'],
    rows: incidents.map((incident) => [
      new Date(incident.failed_at_us / 1000).toISOString(),
      `${incident.kind}, ${incident.state}`,
      culprit(incident),
      count(incident.lost_steps),
      duration(incident.time_to_detect_s),
      duration(incident.time_to_first_step_s),
      duration(incident.time_to_regain_progress_s),
    ]),
  };
}

function quality({ quality, telemetry }: JobReport): ReportTable {
  return {
    title: 'What is unknown or in doubt',
    columns: ['Field', 'Why'],
    rows: Object.entries(quality.reasons).filter(([field]) => isReasonForPeople(field, { telemetry })),
  };
}

import type { JobReport } from '../../domain/report/report-shape.ts';
import { STEP_KINDS } from '../../domain/report/step-kinds.ts';
import type { ReportTable } from '../report-document.ts';
import { count } from '../units.ts';

/** Judgements on the figures, and the kinds of steps where there were others than ordinary ones. */
export function verdictsText(report: JobReport): string {
  const verdicts = report.verdicts.map(({ name, severity, message }) => `  ${severity} ${name}: ${message}`);
  return [...(verdicts.length === 0 ? [] : ['Verdicts', ...verdicts]), ...kindsText(report)].join('\n');
}

function kindsText({ step_kinds }: JobReport): string[] {
  const told = STEP_KINDS.flatMap((kind) => {
    const figures = step_kinds[kind];
    return figures === undefined
      ? []
      : [`${kind} ${count(figures.count)} x ${figures.median_s.toFixed(3)} s`];
  });
  return told.length < 2 ? [] : [`Kinds of steps (median): ${told.join(', ')}`];
}

export function verdictsTable({ verdicts }: JobReport): ReportTable {
  return {
    title: 'Verdicts',
    columns: ['Verdict', 'Severity', 'What'],
    rows: verdicts.map(({ name, severity, message }) => [name, severity, message]),
  };
}

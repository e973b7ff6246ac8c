import type { JobReport } from '../../domain/report/report-shape.ts';
import { STEP_PARTS, type StepPart } from '../../domain/report/step-time.ts';
import type { ReportTable } from '../report-document.ts';
import { significant } from '../units.ts';
import { percent } from '../waterfall.ts';

interface Row {
  readonly name: string;
  readonly part: StepPart;
  readonly isHidden: boolean;
}

/** What a step is made of; '' when nobody told its parts. */
export function stepTimeText(report: JobReport): string {
  const rows = rowsOf(report);
  if (rows.length === 0) return '';
  const { sources, coverage_ratio, step_s } = report.step_time;
  const lines = rows.map(({ name, part, isHidden }) => {
    const share = part.share_ratio === null ? '' : percent(part.share_ratio).padStart(7);
    return `  ${name.padEnd(12)} ${`${significant(part.mean_s)} s`.padStart(10)} ${share}${isHidden ? '  beside computing' : ''}`;
  });
  const head = `Step of ${significant(step_s.mean)} s, told by ${sources.join(', ')} for ${percent(coverage_ratio)} of the steps`;
  return [head, ...lines].join('\n');
}

export function stepTimeTable(report: JobReport): ReportTable {
  return {
    title: 'What a step is made of',
    columns: ['Part', 'Share', 'Seconds a step (mean)', 'Median', 'Told by share of steps'],
    rows: rowsOf(report).map(({ name, part, isHidden }) => [
      isHidden ? `${name} (hidden, in no sum)` : name,
      part.share_ratio === null ? 'unknown' : percent(part.share_ratio),
      significant(part.mean_s),
      significant(part.median_s),
      percent(part.coverage_ratio),
    ]),
  };
}

function rowsOf({ step_time }: JobReport): Row[] {
  const { parts, hidden } = step_time;
  const rows = [
    ...STEP_PARTS.map((name) => ({ name, part: parts[name], isHidden: false })),
    { name: 'comm hidden', part: hidden.comm, isHidden: true },
    { name: 'io hidden', part: hidden.io, isHidden: true },
  ];
  return rows.filter(({ part }) => part.mean_s !== null);
}

import { NAMED_RATIOS } from '../../domain/catalog/derived-metrics.ts';
import type { JobReport } from '../../domain/report/report-shape.ts';
import type { ReportTable } from '../report-document.ts';
import { percent } from '../waterfall.ts';

/** Every ratio that is called goodput, with what it divides by; unknown ones are left to the table. */
export function ratiosText({ ratios, ledger }: JobReport): string {
  if (ledger.goodput_ratio === null) return '';
  const known = NAMED_RATIOS.flatMap((name) => {
    const { value, denominator } = ratios[name];
    return value === null ? [] : [`  ${name.padEnd(18)} ${percent(value).padStart(7)}  of ${denominator}`];
  });
  return known.length === 0 ? '' : ['Ratios by name', ...known].join('\n');
}

export function ratiosTable({ ratios }: JobReport): ReportTable {
  return {
    title: 'Ratios by name',
    columns: ['Ratio', 'Value', 'What', 'Of what'],
    rows: NAMED_RATIOS.map((name) => {
      const { value, numerator, denominator, reason } = ratios[name];
      return [name, value === null ? `unknown: ${reason}` : percent(value, 2), numerator, denominator];
    }),
  };
}

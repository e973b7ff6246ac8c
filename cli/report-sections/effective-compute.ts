import type { ComputeFactorName } from '../../domain/report/effective-compute.ts';
import type { JobReport } from '../../domain/report/report-shape.ts';
import type { ReportTable } from '../report-document.ts';
import { significant } from '../units.ts';
import { percent, type WaterfallRow, waterfallText } from '../waterfall.ts';

/** What each factor takes away, in words. */
const LABELS: Readonly<Record<ComputeFactorName, string>> = {
  excluded: 'excluded',
  scheduled: 'waiting for devices',
  running: 'down or hanging',
  kept: 'work not kept',
  unblocked: 'start, save, eval, data',
  other: 'other',
  counted: 'steps without FLOPs',
  ideal_step_time: 'above ideal step time',
  linearity: 'scaling',
  baseline_mfu: 'not model FLOPs',
};

/**
 * The rows of the whole waterfall: everything paid, less what each factor takes, and at the end what became model FLOPs
 * (or, where FLOPs are not known, what would have taken the ideal time). Shares are of what was paid and add up to 1;
 * a factor that gives instead of taking has a negative one. Empty when nothing is known.
 */
export function computeRows({ effective_compute }: JobReport): WaterfallRow[] {
  const { factors, paid_device_s, weight, effective_compute_ratio } = effective_compute;
  if (paid_device_s === null) return [];
  const unit = weight === 'device_s' ? 'device-h' : 'h';
  let left = 1;
  const rows = factors.flatMap(({ factor, removed_device_s, removed_share, parts }): WaterfallRow[] => {
    if (removed_device_s === null || removed_share === null || removed_device_s === 0) return [];
    left -= removed_share;
    return [
      {
        label: LABELS[factor],
        share: removed_share,
        text: `${significant(removed_device_s / 3600, 3)} ${unit}${partsText(parts)}`,
      },
    ];
  });
  const label = effective_compute_ratio === null ? 'at ideal step time' : 'kept model FLOPs';
  const text = `${significant((left * paid_device_s) / 3600, 3)} ${unit}${effective_compute_ratio === null ? '' : ' at peak'}`;
  return [...rows, { label, share: left, text }];
}

/** The parts of a factor that has several, the largest first. */
function partsText(parts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(parts).sort((a, b) => b[1] - a[1]);
  if (sorted.length < 2) return '';
  return `: ${sorted.map(([name, s]) => `${name} ${significant(s / 3600, 3)}`).join(', ')}`;
}

export function computeText(report: JobReport): string {
  const rows = computeRows(report);
  if (rows.length === 0) return '';
  const { effective_compute_ratio, reason } = report.effective_compute;
  const head =
    effective_compute_ratio === null
      ? `Effective compute unknown: ${reason ?? 'not known'}`
      : `Effective compute ${percent(effective_compute_ratio, 2)} of peak x devices x time (mm_causal)`;
  return [head, waterfallText(rows)].join('\n');
}

export function computeTable(report: JobReport): ReportTable {
  const rows = computeRows(report);
  const ratios = new Map(
    report.effective_compute.factors.map(({ factor, ratio }) => [LABELS[factor], ratio] as const),
  );
  return {
    title: 'From paid device-time to kept model FLOPs',
    columns: ['Lost to', 'Share', 'Left over before', 'Amount'],
    rows: rows.map(({ label, share, text }) => {
      const ratio = ratios.get(label) ?? null;
      return [label, percent(share), ratio === null ? '' : percent(ratio), text];
    }),
    shares: rows.map(({ share }) => share),
  };
}

import type { ComputeFactor, ComputeFactorName } from '../domain/report/effective-compute.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { significant } from './units.ts';

/** How a bar is drawn: what is left is kept, what gives instead of taking is a gain, and the losses by whose they are. */
export type WaterfallKind = 'paid' | 'stopped' | 'redone' | 'blocked' | 'slow' | 'unnamed' | 'gain' | 'kept';

export interface WaterfallStep {
  readonly label: string;
  readonly kind: WaterfallKind;
  /** Of everything that was paid: where its bar begins and ends; the end is left of the begin where it takes. */
  readonly from: number;
  readonly to: number;
  /** Device-hours, or hours where devices are unknown. */
  readonly amount: string;
  readonly share: number;
  /** What it consists of, and why: buckets, and the costliest causes with their places. */
  readonly details: readonly string[];
}

const KINDS: Readonly<Record<ComputeFactorName, WaterfallKind>> = {
  excluded: 'unnamed',
  scheduled: 'stopped',
  running: 'stopped',
  kept: 'redone',
  unblocked: 'blocked',
  other: 'unnamed',
  counted: 'unnamed',
  ideal_step_time: 'slow',
  linearity: 'slow',
  baseline_mfu: 'slow',
};

const LABELS: Readonly<Record<ComputeFactorName, string>> = {
  excluded: 'Excluded',
  scheduled: 'Waiting for devices',
  running: 'Down or hanging',
  kept: 'Work not kept',
  unblocked: 'Start, save, eval, data',
  other: 'Without a name',
  counted: 'Steps without FLOPs',
  ideal_step_time: 'Above the ideal step',
  linearity: 'Scaling',
  baseline_mfu: 'Not model FLOPs',
};

/** Causes named beside one bar. */
const CAUSES_MAX = 2;

/**
 * The waterfall from everything paid down to kept model FLOPs, downtime and performance in one: each step begins where
 * the one before ended. Empty when nothing is known (a log without times).
 */
export function waterfallSteps(report: JobReport): WaterfallStep[] {
  const { factors, paid_device_s, weight, effective_compute_ratio } = report.effective_compute;
  if (paid_device_s === null || factors.length === 0) return [];
  const unit = weight === 'device_s' ? 'device-h' : 'h';
  const amount = (seconds: number) => `${significant(seconds / 3600, 3)} ${unit}`;
  const steps: WaterfallStep[] = [
    { label: 'Paid', kind: 'paid', from: 0, to: 1, amount: amount(paid_device_s), share: 1, details: [] },
  ];
  let left = 1;
  for (const factor of factors) {
    const { removed_device_s, removed_share } = factor;
    if (removed_device_s === null || removed_share === null || removed_device_s === 0) continue;
    steps.push({
      label: LABELS[factor.factor],
      kind: removed_share < 0 ? 'gain' : KINDS[factor.factor],
      from: left,
      to: left - removed_share,
      amount: amount(removed_device_s),
      share: removed_share,
      details: detailsOf(factor, report, amount),
    });
    left -= removed_share;
  }
  const isFlops = effective_compute_ratio !== null;
  steps.push({
    label: isFlops ? 'Kept model FLOPs' : 'At the ideal step time',
    kind: 'kept',
    from: 0,
    to: left,
    amount: `${amount(left * paid_device_s)}${isFlops ? ' at peak' : ''}`,
    share: left,
    details: isFlops ? [] : [report.effective_compute.reason ?? 'what it is in FLOPs is not known'],
  });
  return steps;
}

function detailsOf(
  { factor, parts, is_known, reason }: ComputeFactor,
  report: JobReport,
  amount: (seconds: number) => string,
): string[] {
  const named = Object.entries(parts)
    .filter(([name]) => name !== 'not_useful')
    .sort((a, b) => b[1] - a[1]);
  const parted = named.map(([name, seconds]) => `${name} ${significant(seconds / 3600, 3)}`);
  const buckets = parted.length < 2 ? [] : [parted.join(', ')];
  const why = is_known || reason === null ? [] : [reason];
  const scaling = factor === 'baseline_mfu' ? scalingNote(report) : [];
  return [...causesOf(new Set(Object.keys(parts)), report, amount), ...buckets, ...why, ...scaling];
}

/** A loss of scaling that nobody can tell apart is inside the last step, and has to be said there. */
function scalingNote({ effective_compute }: JobReport): string[] {
  const scaling = effective_compute.factors.find(({ factor }) => factor === 'linearity');
  return scaling === undefined || scaling.is_known || scaling.reason === null ? [] : [scaling.reason];
}

/** Causes with what they took in these buckets; the unit is that of the losses, which is that of the waterfall. */
function causesOf(
  buckets: ReadonlySet<string>,
  { losses }: JobReport,
  amount: (seconds: number) => string,
): string[] {
  const found = losses
    .filter(({ root_cause }) => root_cause !== null)
    .map(({ cause, node, device, buckets: took }) => ({
      cause,
      place: [node, device].filter((part) => part !== null).join(' '),
      seconds: Object.entries(took).reduce((sum, [name, s]) => (buckets.has(name) ? sum + s : sum), 0),
    }))
    .filter(({ seconds }) => seconds > 0)
    .sort((a, b) => b.seconds - a.seconds);
  const shown = found
    .slice(0, CAUSES_MAX)
    .map(({ cause, place, seconds }) => `${cause}${place === '' ? '' : ` on ${place}`}: ${amount(seconds)}`);
  const rest = found.length - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more causes`] : shown;
}

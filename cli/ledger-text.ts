import type { RejectedLine } from '../domain/event-reader.ts';
import type { Bucket, LedgerJson, LedgerWindow } from '../domain/ledger/ledger-shape.ts';
import type { Quality } from '../domain/report/report-shape.ts';
import { incidentText } from './incident-text.ts';
import { duration, significant } from './units.ts';
import { percent, type WaterfallRow, waterfallText } from './waterfall.ts';

/** The answer of `ledger --json` for one job. */
export type LedgerAnswer = LedgerJson & {
  readonly quality: Quality & { readonly rejected: readonly RejectedLine[] };
};

/** Windows shown to a person; `--json` has all. */
const WINDOWS_SHOWN_MAX = 48;

/** The ledger of a job for people: how it is, where the time went, what broke. */
export function ledgerText(ledger: LedgerAnswer): string {
  return [
    headline(ledger),
    waterfall(ledger),
    costs(ledger),
    incidents(ledger),
    windows(ledger),
    notes(ledger),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function headline({
  job,
  state,
  goodput_ratio,
  horizon_s,
  interruptions,
  from_us,
  to_us,
}: LedgerAnswer): string {
  if (goodput_ratio === null) return `${job}: ${state}; nothing to account for yet`;
  const broken = interruptions === 1 ? '1 interruption' : `${interruptions} interruptions`;
  return `${job}: ${state}; goodput ${percent(goodput_ratio)} of ${duration(horizon_s)}, ${broken}
  ${timeText(from_us)} to ${timeText(to_us)}`;
}

/** Losses, the largest first; what is left at the end was productive. */
function waterfall({ buckets_s, device_seconds, horizon_s, custom_s }: LedgerAnswer): string {
  const rows = (Object.entries(buckets_s) as [Bucket, number][])
    .sort((a, b) => Number(a[0] === 'productive') - Number(b[0] === 'productive') || b[1] - a[1])
    .map(([bucket, seconds]): WaterfallRow => {
      const device_s = device_seconds[bucket];
      const hours = device_s === undefined ? '' : `  ${significant(device_s / 3600, 3)} device-h`;
      const names = bucket === 'custom' ? `  (${namesText(custom_s)})` : '';
      return { label: bucket, share: seconds / horizon_s, text: `${duration(seconds)}${hours}${names}` };
    });
  return rows.length === 0 ? '' : waterfallText(rows);
}

function namesText(seconds: Readonly<Record<string, number>>): string {
  return Object.entries(seconds)
    .map(([name, s]) => `${name} ${duration(s)}`)
    .join(', ');
}

function costs({ cost_by_cause_device_seconds }: LedgerAnswer): string {
  return Object.entries(cost_by_cause_device_seconds)
    .map(([cause, device_s]) => `  cost  ${significant(device_s / 3600, 3)} device-h to ${cause}`)
    .join('\n');
}

function incidents({ incidents }: LedgerAnswer): string {
  return incidents.map(incidentText).join('\n');
}

function windows({ windows }: LedgerAnswer): string {
  if (windows.length === 0) return '';
  const shown = windows.slice(0, WINDOWS_SHOWN_MAX).map(windowText);
  const more = windows.length - shown.length;
  return ['Windows', ...shown, ...(more > 0 ? [`  ... and ${more} more (--json has all)`] : [])].join('\n');
}

function windowText({ from_us, goodput_ratio, buckets_s }: LedgerWindow): string {
  const losses = Object.entries(buckets_s).filter(([bucket]) => bucket !== 'productive');
  const goodput = goodput_ratio === null ? 'nothing' : percent(goodput_ratio);
  const lost = losses.map(([bucket, s]) => `${bucket} ${duration(s)}`).join(', ');
  return `  ${timeText(from_us)}  ${goodput.padStart(7)}  ${lost}`;
}

function notes({ overlapped_s, capacity, device_seconds, quality }: LedgerAnswer): string {
  const lines: string[] = [];
  const overlapped = namesText(overlapped_s);
  if (overlapped !== '') lines.push(`  beside training, at no cost: ${overlapped}`);
  if (capacity !== null) {
    lines.push(`  elastic: ${percent(capacity.stepping_ratio)} of the devices held were stepping`);
  }
  if (Object.keys(device_seconds).length === 0) {
    lines.push('  device-seconds unknown: no device_count in attempt_start or job');
  }
  if (quality.coverage_ratio !== null && quality.coverage_ratio < 0.98) {
    lines.push(
      `  ${percent(1 - quality.coverage_ratio)} of the time is unexplained (other): send spans to name it`,
    );
  }
  return lines.join('\n');
}

/** A small origin is a timeline's own clock, not a moment of 1970. */
function timeText(us: number): string {
  return us < 1e14 ? `t=${us / 1e6}s` : new Date(us / 1000).toISOString();
}

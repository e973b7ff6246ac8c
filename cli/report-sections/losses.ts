import type { Loss } from '../../domain/report/losses.ts';
import type { JobReport } from '../../domain/report/report-shape.ts';
import type { ReportTable } from '../report-document.ts';
import { count, duration, significant } from '../units.ts';
import { percent } from '../waterfall.ts';

/** Causes that people are shown; all of them are in the JSON. */
const SHOWN_MAX = 8;

/** What each cause cost, the costliest first; '' when nothing was lost. */
export function lossesText({ losses, interruptions_by_kind }: JobReport): string {
  if (losses.length === 0) return '';
  const shown = losses.slice(0, SHOWN_MAX);
  const wide = Math.max(...shown.map((loss) => nameOf(loss).length));
  const lines = shown.map((loss) => {
    const share = loss.share === null ? '' : percent(loss.share).padStart(7);
    return `  ${nameOf(loss).padEnd(wide)}  ${share}  ${amountOf(loss)}  ${detailOf(loss)}`;
  });
  const rest = losses.length - shown.length;
  if (rest > 0) lines.push(`  and ${rest} smaller ones`);
  const kinds = Object.entries(interruptions_by_kind).filter(([, { count: times }]) => times > 0);
  const told = kinds.map(([kind, { count: times }]) => `${times} ${kind}`).join(', ');
  return [`Losses by cause${told === '' ? '' : ` (incidents: ${told})`}`, ...lines].join('\n');
}

export function lossesTable({ losses }: JobReport): ReportTable {
  return {
    title: 'Losses by cause',
    columns: ['Cause', 'Share', 'Amount', 'Times', 'Domain', 'Where', 'Told by'],
    rows: losses.map((loss) => [
      nameOf(loss),
      loss.share === null ? 'unknown' : percent(loss.share),
      amountOf(loss),
      count(loss.count),
      loss.domain,
      placeOf(loss),
      loss.source ?? 'nobody',
    ]),
  };
}

/** Root cause and symptom where they differ. */
function nameOf({ cause, symptom }: Loss): string {
  return symptom === null || symptom === cause ? cause : `${cause} (${symptom})`;
}

function amountOf({ device_seconds, wall_s }: Loss): string {
  return device_seconds === null
    ? duration(wall_s)
    : `${significant(device_seconds / 3600, 3)} device-h`.padEnd(15);
}

function placeOf({ node, device }: Loss): string {
  return [node === null ? '' : `node ${node}`, device === null ? '' : `device ${device}`]
    .filter((text) => text !== '')
    .join(' ');
}

function detailOf(loss: Loss): string {
  const times = loss.count === 1 ? 'once' : `${count(loss.count)} times`;
  return [times, loss.domain, placeOf(loss)].filter((text) => text !== '').join(', ');
}

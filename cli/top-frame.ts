import type { IncidentFrame, JobFrame, LedgerFrame } from '../services/api/stream.ts';
import { count, duration } from './units.ts';
import { percent } from './waterfall.ts';

export interface TopData {
  readonly jobs: readonly JobFrame[];
  readonly ledgers: readonly LedgerFrame[];
  readonly incidents: readonly IncidentFrame[];
}

export interface TopStyle {
  readonly now_ms: number;
  /** Characters of a line; longer ones are cut. */
  readonly columns: number;
  readonly color: boolean;
}

/** What stands still comes first, what has ended last. */
const ORDER = ['hang', 'silent', 'down', 'starting', 'running', 'ended'];
const STILL = new Set(['hang', 'silent', 'down']);
const COLORS: Readonly<Record<string, number>> = {
  hang: 31,
  silent: 31,
  down: 31,
  starting: 33,
  running: 32,
};

/** One frame of `top`: the worst in words, then a line a job. */
export function topFrame({ jobs, ledgers, incidents }: TopData, style: TopStyle): string {
  const sorted = [...jobs].sort(
    (a, b) => ORDER.indexOf(a.state ?? '') - ORDER.indexOf(b.state ?? '') || a.job.localeCompare(b.job),
  );
  const ledgerOf = new Map(ledgers.map((ledger) => [ledger.job, ledger]));
  const rows = sorted.map((job) => rowOf(job, ledgerOf.get(job.job), incidents, style.now_ms));
  const header = [
    'JOB',
    'STATE',
    'STEP',
    'AGE',
    'GOODPUT',
    '5 MIN',
    'MFU',
    'LINEARITY',
    'DEVICES',
    'LAST INCIDENT',
  ];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        NUMERIC.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const cut = (text: string) =>
    text.length > style.columns ? `${text.slice(0, Math.max(style.columns - 1, 1))}…` : text;
  const painted = rows.map((row, index) =>
    paint(cut(line(row)), COLORS[sorted[index]?.state ?? ''], style.color),
  );
  return [
    cut(headline(sorted, incidents, style.now_ms)),
    '',
    ...(rows.length === 0 ? [] : [cut(line(header)), ...painted]),
  ].join('\n');
}

const NUMERIC = new Set([2, 3, 4, 5, 6, 7, 8]);

function headline(jobs: readonly JobFrame[], incidents: readonly IncidentFrame[], now_ms: number): string {
  const [worst] = jobs;
  if (worst === undefined)
    return 'No job has sent anything yet. `headway import FILE --job J --url URL`, or `headway demo`.';
  const still = jobs.filter(({ state }) => STILL.has(state ?? ''));
  if (still.length === 0) {
    const running = jobs.filter(({ state }) => state === 'running').length;
    return `${running} of ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'} running, none stands still.`;
  }
  const open = newestOf(incidents, worst.job, 'open');
  const who = open === undefined ? '' : `: ${incidentText(open)}`;
  const since = worst.stalled_s === null ? '' : ` for ${duration(worst.stalled_s)}`;
  const held = worst.devices === null ? '' : `, ${count(worst.devices)} devices held`;
  const more = still.length === 1 ? '' : `; ${still.length - 1} more stand still`;
  return `${worst.job} makes no progress (${worst.state})${since}${who}${held}${more}. At ${new Date(now_ms).toISOString()}`;
}

function rowOf(
  job: JobFrame,
  ledger: LedgerFrame | undefined,
  incidents: readonly IncidentFrame[],
  now_ms: number,
): string[] {
  const incident = newestOf(incidents, job.job);
  const age_s = job.last_step_at === null ? null : (now_ms - Date.parse(job.last_step_at)) / 1000;
  return [
    job.job,
    job.state ?? '-',
    job.last_step === null ? '-' : count(job.last_step),
    age_s === null || age_s < 0 ? '-' : duration(Math.round(age_s)).replace('.000', ''),
    ratio(ledger?.goodput_ratio ?? null),
    ratio(ledger?.goodput_5m_ratio ?? null),
    ratio(job.mfu_ratio),
    ratio(job.linearity_ratio),
    job.devices === null ? '-' : count(job.devices),
    incident === undefined ? '-' : `${incidentText(incident)}, ${incident.state}`,
  ];
}

function newestOf(
  incidents: readonly IncidentFrame[],
  job: string,
  state?: string,
): IncidentFrame | undefined {
  return incidents
    .filter((one) => one.job === job && (state === undefined || one.state === state))
    .sort((a, b) => (a.failed_at ?? '').localeCompare(b.failed_at ?? ''))
    .at(-1);
}

function incidentText({ kind, cause, node, device }: IncidentFrame): string {
  const place = `${node === null ? '' : ` on ${node}`}${device === null ? '' : ` device ${device}`}`;
  return `${cause ?? `${kind}, cause not known`}${place}`;
}

function ratio(value: number | null): string {
  return value === null ? '-' : percent(value);
}

function paint(text: string, color: number | undefined, isColored: boolean): string {
  return isColored && color !== undefined ? `\u001b[${color}m${text}\u001b[0m` : text;
}

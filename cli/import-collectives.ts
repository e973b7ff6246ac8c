import { windowsOf } from '../domain/collective-windows.ts';
import type { CollectiveWindowEvent, RunEvent } from '../domain/events.ts';
import { type CollectiveRow, type Collectives, collectivesOf } from '../domain/report/collectives.ts';
import { readInspector } from '../services/collector/decoders/nccl-inspector.ts';
import type { ImportRejection } from './import-files.ts';
import { significant } from './units.ts';

/** Name of NCCL Inspector's files, as `--format` takes it. */
export const COLLECTIVES_FORMAT = 'nccl-inspector';

export interface ImportedCollectives {
  readonly events: readonly RunEvent[];
  readonly notes: readonly string[];
  readonly rejected: readonly ImportRejection[];
}

/** Windows of one job from the files of its processes; a job event makes the job known where only these are of it. */
export function collectivesFrom(
  job: string,
  files: readonly { readonly path: string; readonly text: string }[],
): ImportedCollectives {
  const read = files.map(({ path, text }) => ({ path, ...readInspector(text) }));
  const records = read.flatMap((file) => file.records);
  const { windows, duplicates } = windowsOf(job, records);
  const first_us = windows.reduce(
    (least, { start_us }) => Math.min(least, start_us),
    Number.POSITIVE_INFINITY,
  );
  return {
    events: windows.length === 0 ? [] : [{ type: 'job', job, time_us: first_us }, ...windows],
    notes: [
      `${records.length} records of collectives in ${windows.length} windows`,
      ...(duplicates === 0 ? [] : [`${duplicates} records were there twice: taken once`]),
    ],
    rejected: read.flatMap(({ path, rejected }) =>
      rejected.map(({ line, message }) => ({ file: path, line, code: 'not_a_record', message })),
    ),
  };
}

/** What the windows among the events say; undefined when there are none. */
export function collectivesAmong(events: readonly RunEvent[]): Collectives | undefined {
  const windows = events.filter(
    (event): event is CollectiveWindowEvent => event.type === 'collective_window',
  );
  const ranks = events.findLast((event) => event.type === 'job' && event.device_count !== undefined);
  const device_count = ranks?.type === 'job' ? ranks.device_count : undefined;
  return windows.length === 0 ? undefined : collectivesOf(windows, { ranks: device_count });
}

/** Rows that people are shown: those that took most time. */
const SHOWN_MAX = 12;

export function collectivesText({ rows, missing_records }: Collectives): string {
  const sorted = [...rows].sort((a, b) => b.mean_s * b.count - a.mean_s * a.count);
  const lines = sorted.slice(0, SHOWN_MAX).map(rowText);
  if (rows.length > SHOWN_MAX) lines.push(`  and ${rows.length - SHOWN_MAX} that took less`);
  if (missing_records > 0)
    lines.push(`  ${missing_records} numbers between them were never told: lost, or too small`);
  return ['Collectives, by the time they took', ...lines].join('\n');
}

function lateText({ late_group_rank, late_rank, late_node }: CollectiveRow): string {
  const who = late_rank === null ? `member ${late_group_rank}` : `rank ${late_rank}`;
  return late_node === null ? who : `${who} (${late_node})`;
}

function rowText(row: CollectiveRow): string {
  const { operation, log2_bytes, ranks, count, mean_s, bus_bandwidth_bytes_per_s: bus, communicator } = row;
  const speed = bus === null ? 'bandwidth unknown' : `${significant(bus / 1e9)} GB/s bus`;
  const late =
    row.late_group_rank === null
      ? ''
      : `; ${lateText(row)} comes late, others wait ${significant((row.waited_s ?? 0) * 1e3)} ms`;
  return `  ${operation} of 2^${log2_bytes} bytes, ${ranks} ranks (${communicator}): ${count} x ${significant(mean_s * 1e3)} ms, ${speed}${late}`;
}

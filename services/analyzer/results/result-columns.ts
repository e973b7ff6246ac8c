import type { Incident, Segment, StepExecution } from '../../../domain/ledger/ledger-shape.ts';
import type { RowBinaryWriter } from '../../../platform/store/row-binary.ts';

/** Columns of the result tables that are written in binary (`sql/migrations/0003_results.sql`), in the order of a row. */
export const SEGMENT_COLUMNS = [
  'job',
  'from_us',
  'to_us',
  'bucket',
  'attempt',
  'name',
  'cause',
  'devices',
  'stepping',
  'revision',
  'version',
  'deleted',
] as const;

export const STEP_COLUMNS = [
  'job',
  'start_us',
  'attempt',
  'step',
  'end_us',
  'net_us',
  'count',
  'fate',
  'kind',
  'first_of_attempt',
  'unlogged',
  'tokens',
  'devices',
  'revision',
  'version',
  'deleted',
] as const;

/** What a row says beside its content. */
export interface RowStamp {
  readonly job: string;
  readonly revision: number;
  readonly version: number;
  readonly deleted: boolean;
}

export type SegmentRow = Omit<Segment, 'step'>;
export type StepRow = Pick<
  StepExecution,
  'start_us' | 'attempt' | 'step' | 'end_us' | 'net_us' | 'count' | 'fate' | 'kind' | 'first_of_attempt'
> & {
  readonly unlogged: boolean;
  readonly tokens: number | undefined;
  readonly devices: number | undefined;
};

export function writeSegment(to: RowBinaryWriter, row: SegmentRow, stamp: RowStamp): void {
  to.string(stamp.job);
  to.int64(row.from_us);
  to.int64(row.to_us);
  to.string(row.bucket);
  to.nullableInt32(row.attempt ?? null);
  nullableString(to, row.name);
  nullableString(to, row.cause);
  to.nullableFloat64(row.devices ?? null);
  to.nullableFloat64(row.stepping ?? null);
  writeStamp(to, stamp);
}

export function writeStep(to: RowBinaryWriter, row: StepRow, stamp: RowStamp): void {
  to.string(stamp.job);
  to.int64(row.start_us);
  to.int32(row.attempt);
  to.int64(row.step);
  to.int64(row.end_us);
  to.int64(row.net_us);
  to.uint32(row.count);
  to.string(row.fate);
  to.string(row.kind);
  to.uint8(row.first_of_attempt ? 1 : 0);
  to.uint8(row.unlogged ? 1 : 0);
  to.nullableFloat64(row.tokens ?? null);
  to.nullableFloat64(row.devices ?? null);
  writeStamp(to, stamp);
}

function writeStamp(to: RowBinaryWriter, { revision, version, deleted }: RowStamp): void {
  to.uint32(revision);
  to.uint64(BigInt(version));
  to.uint8(deleted ? 1 : 0);
}

function nullableString(to: RowBinaryWriter, value: string | undefined): void {
  to.uint8(value === undefined ? 1 : 0);
  if (value !== undefined) to.string(value);
}

/** Incidents are few: they go as objects. */
export function incidentRow(incident: Incident, stamp: RowStamp): Readonly<Record<string, unknown>> {
  const { planned, ...rest } = incident;
  const { job, revision, version, deleted } = stamp;
  const flags = { planned: planned ? 1 : 0, deleted: deleted ? 1 : 0 };
  const known = Object.fromEntries(INCIDENT_FIELDS.map((name) => [name, rest[name]]));
  return { job, ...known, ...flags, revision, version };
}

export const INCIDENT_FIELDS = [
  'id',
  'kind',
  'state',
  'attempt',
  'failed_at_us',
  'last_progress_at_us',
  'cause',
  'node',
  'device',
  'lost_steps',
  'time_to_detect_s',
  'time_to_localize_s',
  'time_to_nodes_ready_s',
  'time_to_restart_s',
  'time_to_first_step_s',
  'time_to_regain_progress_s',
  'last_progress_to_regain_s',
] as const satisfies readonly (keyof Incident)[];

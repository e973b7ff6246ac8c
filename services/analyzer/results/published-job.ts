import type { Account, Incident, StepExecution } from '../../../domain/ledger/ledger-shape.ts';
import {
  openAttempt,
  type Publication,
  type Revision,
  revisionOf,
  settledUntil,
} from '../../../domain/ledger/revision.ts';
import { stretchesOf } from '../../../domain/ledger/stretches.ts';
import { changedRows, type RowChange } from './keyed-rows.ts';
import { INCIDENT_FIELDS, type SegmentRow, type StepRow } from './result-columns.ts';

/** What the result tables hold of one job, beside its segments and steps. */
export interface PublishedFigures extends Omit<Publication, 'segments'> {
  /** 0: nothing was published yet. */
  readonly revision: number;
  /** A revision whose rows were begun and, for all that is known, not finished: its number is taken up again. */
  readonly unfinished: number | undefined;
  readonly incidents: readonly Incident[];
}

/** What the result tables hold of one job. */
export interface PublishedJob extends PublishedFigures, Publication {
  readonly segments: readonly Segment[];
  readonly steps: readonly StepRow[];
}

type Segment = Publication['segments'][number];

export const NOTHING_PUBLISHED: PublishedJob = {
  revision: 0,
  unfinished: undefined,
  segments: [],
  steps: [],
  incidents: [],
  until_us: Number.NEGATIVE_INFINITY,
  settled_us: Number.NEGATIVE_INFINITY,
  open_attempt: null,
};

/** The rows to write, and what is published once they are. */
export interface Publishing<Next extends PublishedFigures = PublishedFigures> {
  readonly next: Next;
  readonly account: Pick<Account, 'state' | 'from_us'>;
  /** Undefined: the number of the job did not go up. */
  readonly revision: Revision | undefined;
  readonly goodput: { readonly before: number | null; readonly after: number | null };
  readonly segments: readonly RowChange<SegmentRow>[];
  readonly steps: readonly RowChange<StepRow>[];
  readonly incidents: readonly RowChange<Incident>[];
  /** Nothing changed but how far the live end reaches. */
  readonly isOnlyGrowth: boolean;
}

export function publishing(before: PublishedJob, account: Account): Publishing<PublishedJob> {
  const segments = stretchesOf(account.segments);
  const steps = stepRows(account.steps, before.steps);
  const { incidents } = account;
  const rows = {
    segments: changedSegments(before.segments, segments),
    steps: changedSteps(before.steps, steps),
    incidents: changedIncidents(before.incidents, incidents),
  };
  const revision = revisionFor(before, segments, rows.segments.length + rows.incidents.length > 0);
  const goodput = {
    before: goodputUntil(before.segments, before.until_us),
    after: goodputUntil(segments, before.until_us),
  };
  const next: PublishedJob = {
    revision: before.unfinished ?? before.revision + (revision === undefined ? 0 : 1),
    unfinished: undefined,
    segments,
    steps,
    incidents,
    until_us: account.to_us,
    settled_us: settledUntil(account),
    open_attempt: openAttempt(account),
  };
  return { next, account, revision, goodput, ...rows, isOnlyGrowth: isGrowth(before.segments.at(-1), rows) };
}

export function changedSegments(before: readonly Segment[], now: readonly Segment[]): RowChange<Segment>[] {
  return changedRows<Segment>(before, now, segmentKey, isSameSegment);
}

export function changedSteps(before: readonly StepRow[], now: readonly StepRow[]): RowChange<StepRow>[] {
  return changedRows(before, now, stepKey, (a, b) => isSameStep(a, b, b.unlogged));
}

export function changedIncidents(
  before: readonly Incident[],
  now: readonly Incident[],
): RowChange<Incident>[] {
  return changedRows(before, now, ({ id }) => id, isSameIncident);
}

function revisionFor(
  before: PublishedJob,
  segments: readonly Segment[],
  hasRows: boolean,
): Revision | undefined {
  if (before.unfinished !== undefined) return undefined;
  if (before.revision > 0) return revisionOf(before, segments);
  return hasRows ? firstRevision(segments[0], segments.at(-1)) : undefined;
}

/** Of a job of which nothing was published, by its first and its last stretch. */
export function firstRevision(first: Segment | undefined, last: Segment | undefined): Revision | undefined {
  if (first === undefined || last === undefined) return undefined;
  return { reason: 'first', from_us: first.from_us, to_us: last.to_us, moved_s: {} };
}

/** One row changed, and it is the last stretch, which only reaches further. */
export function isGrowth(
  last: Segment | undefined,
  { segments, steps, incidents }: Pick<Publishing, 'segments' | 'steps' | 'incidents'>,
): boolean {
  if (steps.length + incidents.length > 0) return false;
  if (segments.length === 0) return true;
  const [change] = segments;
  if (segments.length > 1 || change === undefined || last === undefined || change.deleted) return false;
  return isSameSegment({ ...last, to_us: change.row.to_us }, { ...change.row, step: undefined });
}

function goodputUntil(segments: readonly Segment[], until_us: number): number | null {
  let [productive, whole] = [0, 0];
  for (const { from_us, to_us, bucket } of segments) {
    const us = Math.min(to_us, until_us) - from_us;
    if (us <= 0 || bucket === 'excluded') continue;
    whole += us;
    if (bucket === 'productive') productive += us;
  }
  return whole === 0 ? null : productive / whole;
}

/** An execution under way has no outcome yet: what it is in is a segment. */
function isOver({ fate }: StepExecution): boolean {
  return fate !== 'in_flight' && fate !== 'hang';
}

/** Rows of before are used again where they say the same: of a long run only the end is new. */
export function stepRows(steps: Iterable<StepExecution>, before: readonly StepRow[]): StepRow[] {
  const rows: StepRow[] = [];
  for (const step of steps) {
    if (!isOver(step)) continue;
    const known = before[rows.length];
    rows.push(known !== undefined && saysTheSame(known, step) ? known : stepRowOf(step));
  }
  return rows;
}

function saysTheSame(row: StepRow, step: StepExecution): boolean {
  return isSameStep(row, step, isUnlogged(step));
}

function isUnlogged({ labels }: StepExecution): boolean {
  return labels['unlogged'] === true;
}

function stepRowOf(step: StepExecution): StepRow {
  const { start_us, attempt, step: number, end_us, net_us, count, fate, kind, first_of_attempt } = step;
  const { tokens, devices } = step;
  const unlogged = isUnlogged(step);
  return {
    start_us,
    attempt,
    step: number,
    end_us,
    net_us,
    count,
    fate,
    kind,
    first_of_attempt,
    unlogged,
    tokens,
    devices,
  };
}

function segmentKey({ from_us }: Pick<Segment, 'from_us'>): string {
  return String(from_us);
}

function isSameSegment(a: Segment, b: Segment): boolean {
  return (
    a.from_us === b.from_us &&
    a.to_us === b.to_us &&
    a.bucket === b.bucket &&
    a.attempt === b.attempt &&
    a.name === b.name &&
    a.cause === b.cause &&
    a.devices === b.devices &&
    a.stepping === b.stepping
  );
}

function stepKey({ start_us, attempt, step }: StepRow): string {
  return `${start_us} ${attempt} ${step}`;
}

function isSameStep(a: StepRow, b: Omit<StepRow, 'unlogged'>, unlogged: boolean): boolean {
  return (
    a.start_us === b.start_us &&
    a.attempt === b.attempt &&
    a.step === b.step &&
    a.end_us === b.end_us &&
    a.net_us === b.net_us &&
    a.count === b.count &&
    a.fate === b.fate &&
    a.kind === b.kind &&
    a.first_of_attempt === b.first_of_attempt &&
    a.unlogged === unlogged &&
    a.tokens === b.tokens &&
    a.devices === b.devices
  );
}

function isSameIncident(a: Incident, b: Incident): boolean {
  return a.planned === b.planned && INCIDENT_FIELDS.every((name) => a[name] === b[name]);
}

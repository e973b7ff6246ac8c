import type { Context, Hono } from 'hono';
import { ledgerOf } from '../../../domain/ledger/ledger.ts';
import type { LedgerJson } from '../../../domain/ledger/ledger-shape.ts';
import type { JobView } from '../../../domain/report/job-view.ts';
import { timeText } from '../../../domain/report/time-text.ts';
import { indexPage, pageFromQuery } from '../paging.ts';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import { type RevisionRow, resultsOf, unpublished } from '../result-reader.ts';
import { timeFromText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

export interface RevisionAnswer {
  readonly revision: number;
  /** RFC 3339, as all times here. */
  readonly computed_at: string;
  /** `first`: the first publication; else what changed most of what had been published. */
  readonly reason: string;
  readonly changed_from: string;
  readonly changed_to: string;
  /** Seconds by `from>to` bucket; empty when only causes or devices changed. */
  readonly moved_s: Readonly<Record<string, number>>;
  /** Over what had been published until then; null where nothing had. */
  readonly goodput_before_ratio: number | null;
  readonly goodput_after_ratio: number | null;
}

export interface RevisionsAnswer {
  readonly job: string;
  /** Oldest first. */
  readonly revisions: readonly RevisionAnswer[];
  readonly next: string | null;
}

/** Which publication of an account a ledger is of. */
export interface Reported {
  readonly revision: number;
  /** When it was published, RFC 3339. */
  readonly computed_at: string;
}

export function addRevisionRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'listRevisions', async (c) => {
    const page = pageFromQuery(c.req.query(), 'revisions', deps.config);
    const job = c.req.param('job') ?? '';
    const rows = await resultsOf(deps).revisions(job);
    if (rows.length === 0) throw unpublished(job);
    return c.json({ job, ...indexPage('revisions', rows.map(answerOf), page) });
  });
}

/**
 * The ledger as it was reported: as of a revision (`revision`), or of the one that stood at a time (`as_reported_at`).
 * Undefined when neither is asked for. Throws a {@link Problem}.
 */
export async function reportedLedger(
  c: Context,
  deps: V1Dependencies,
  { job, range }: JobView,
  windows_us: { size_us: number; count_max: number } | undefined,
): Promise<(LedgerJson & Reported) | undefined> {
  const [number, at] = [c.req.query('revision'), c.req.query('as_reported_at')];
  if (number === undefined && at === undefined) return undefined;
  const rows = await resultsOf(deps).revisions(job);
  if (rows.length === 0) throw unpublished(job);
  const at_us = at === undefined ? undefined : timeFromText('as_reported_at', at, deps.clock.now_us());
  const row = number === undefined ? standingAt(rows, at_us ?? 0) : numbered(rows, number);
  const account = await resultsOf(deps).accountAt(job, row.revision);
  if (account === undefined) throw unpublished(job);
  const to_us = Math.min(range.to_us ?? account.to_us, at_us ?? account.to_us);
  const from_us = range.from_us ?? account.from_us;
  const ledger = ledgerOf(account, { from_us, to_us, ...(windows_us === undefined ? {} : { windows_us }) });
  return { ...ledger, revision: row.revision, computed_at: timeText(row.computed_at_us) };
}

function numbered(rows: readonly RevisionRow[], text: string): RevisionRow {
  const row = rows.find(({ revision }) => String(revision) === text);
  if (row !== undefined) return row;
  const last = rows.at(-1)?.revision;
  throw new Problem(400, 'Bad revision', `revision=${text} is not one of 1 to ${last}; see /revisions.`);
}

function standingAt(rows: readonly RevisionRow[], at_us: number): RevisionRow {
  const row = rows.findLast(({ computed_at_us }) => computed_at_us <= at_us);
  if (row !== undefined) return row;
  const first = timeText(rows[0]?.computed_at_us ?? 0);
  throw new Problem(
    400,
    'Bad time',
    `Nothing of the job was reported then: it was first published at ${first}.`,
  );
}

function answerOf(row: RevisionRow): RevisionAnswer {
  const { revision, reason, moved_s, goodput_before_ratio, goodput_after_ratio } = row;
  return {
    revision,
    computed_at: timeText(row.computed_at_us),
    reason,
    changed_from: timeText(row.changed_from_us),
    changed_to: timeText(row.changed_to_us),
    moved_s,
    goodput_before_ratio,
    goodput_after_ratio,
  };
}

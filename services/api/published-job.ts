import type { Context } from 'hono';
import { isJobScoped } from '../../domain/events.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import type { Account, LedgerJson } from '../../domain/ledger/ledger-shape.ts';
import { accountAsPublished } from '../../domain/ledger/published-account.ts';
import { coverageOf } from '../../domain/report/quality.ts';
import { timeText } from '../../domain/report/time-text.ts';
import { isAsked } from './parameters.ts';
import { Problem } from './problem.ts';
import { type PublishedRow, resultsOf, unpublished } from './result-reader.ts';
import type { TimeRange } from './time-range.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

/** The quality of an answer that was read off what the analyzer published: what it says of steps is not in it. */
export interface PublishedQuality {
  readonly made_from: 'published';
  /** Of the publication, and when it was made, RFC 3339. */
  readonly revision: number;
  readonly computed_at: string;
  /** The answer is of the job as of then: what came later, or arrived later, is not in it. */
  readonly accounted_until: string;
  /** Share of the horizon that is in a named bucket, i.e. not `other`. */
  readonly coverage_ratio: number | null;
  readonly reasons: Readonly<Record<string, string>>;
}

/** A job as it was last published. */
export interface PublishedJob {
  readonly row: PublishedRow;
  /** Without steps. */
  readonly account: Account;
  /** The caller asked for what was published: where that cannot answer, it is told so. */
  readonly isAskedFor: boolean;
}

/** Asks for what only all events of a job can tell. */
const NEEDS_EVENTS = ['at', 'explain', 'revision', 'as_reported_at'] as const;

/**
 * A job as it was last published, where the caller asks for that or the job has so many events that making an answer of
 * them would take seconds. Undefined where it has to be made of events: small jobs, publications that are old or not
 * there, and what was not published. Throws a {@link Problem}.
 */
export async function publishedJob(
  c: Context,
  deps: V1Dependencies,
  job: string,
): Promise<PublishedJob | undefined> {
  const source = sourceOf(c);
  const needs = NEEDS_EVENTS.find((name) => c.req.query(name) !== undefined);
  if (source === 'published' && needs !== undefined) {
    throw new Problem(400, 'Bad made_from', `${needs} needs events: made_from=published cannot answer it.`);
  }
  if (source === 'events' || needs !== undefined) return undefined;
  if (source === undefined && !(await isLarge(c, deps, job))) return undefined;
  const row = await resultsOf(deps).published(job);
  const account =
    row === undefined ? undefined : accountAsPublished(row, row.declarations.filter(isJobScoped));
  const isUsable = account !== undefined && (source === 'published' || isNew(row, deps));
  if (isUsable && row !== undefined) return { row, account, isAskedFor: source === 'published' };
  if (source === 'published') throw unpublished(job);
  return undefined;
}

/** The ledger of a published account in the range that the caller named. */
export function publishedLedgerOf({ account }: PublishedJob, { from_us, to_us }: TimeRange): LedgerJson {
  return ledgerOf(account, { from_us: from_us ?? account.from_us, to_us: to_us ?? account.to_us });
}

/** @param ledger of the published account, in the range of the answer */
export function publishedQuality(
  { row, account }: PublishedJob,
  ledger: LedgerJson,
  reasons: Readonly<Record<string, string>>,
): PublishedQuality {
  return {
    made_from: 'published',
    revision: row.revision,
    computed_at: timeText(row.computed_at_us),
    accounted_until: timeText(account.to_us),
    coverage_ratio: coverageOf(ledger),
    reasons,
  };
}

/** For what was published but cannot be told without events: a problem where the caller insists, else undefined. */
export function onlyOfEvents({ isAskedFor }: PublishedJob, why: string): undefined {
  if (!isAskedFor) return undefined;
  throw new Problem(400, 'Bad made_from', `${why}: made_from=published cannot answer it.`);
}

function sourceOf(c: Context): 'events' | 'published' | undefined {
  const text = c.req.query('made_from');
  if (text === undefined || text === 'events' || text === 'published') return text;
  throw new Problem(400, 'Bad made_from', `made_from=${text} is not one of events, published.`);
}

/** A caller who waits for what was just sent wants it in the answer, which a publication need not have yet. */
async function isLarge(c: Context, { results, config }: V1Dependencies, job: string): Promise<boolean> {
  if (results === undefined || isAsked(c, 'consistent')) return false;
  return (await results.size(job)) > config.ledger_events_max;
}

/** A job that is over is published once; of one that runs, what happened since is missing. */
function isNew(row: PublishedRow | undefined, { clock, config }: V1Dependencies): boolean {
  if (row === undefined) return false;
  return row.state === 'ended' || clock.now_us() - row.to_us <= config.ledger_age_max_s * 1e6;
}

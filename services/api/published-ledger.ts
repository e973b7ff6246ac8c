import type { Context } from 'hono';
import { isJobScoped } from '../../domain/events.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import type { Account, LedgerJson } from '../../domain/ledger/ledger-shape.ts';
import { accountAsPublished } from '../../domain/ledger/published-account.ts';
import { isOfMadeUpClock, withoutGoodput } from '../../domain/report/made-up-clock.ts';
import { coverageOf } from '../../domain/report/quality.ts';
import { specHistory } from '../../domain/report/spec-history.ts';
import { timeText } from '../../domain/report/time-text.ts';
import { windowsOf } from './ledger-windows.ts';
import { isAsked } from './parameters.ts';
import { Problem } from './problem.ts';
import { type PublishedRow, resultsOf, unpublished } from './result-reader.ts';
import { type RangeText, rangeFromQuery } from './time-range.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

/** The quality of a ledger that was read off what the analyzer published: what it says of steps is not in it. */
export interface PublishedQuality {
  readonly made_from: 'published';
  /** Of the publication, and when it was made, RFC 3339. */
  readonly revision: number;
  readonly computed_at: string;
  /** The ledger is that of the job as of then: what came later, or arrived later, is not in it. */
  readonly accounted_until: string;
  /** Share of the horizon that is in a named bucket, i.e. not `other`. */
  readonly coverage_ratio: number | null;
  readonly reasons: Readonly<Record<string, string>>;
}

export type PublishedLedger = LedgerJson & {
  readonly quality: PublishedQuality;
  readonly range: RangeText;
};

/** Asks for what only all events of a job can tell. */
const NEEDS_EVENTS = ['at', 'explain', 'revision', 'as_reported_at'] as const;

/**
 * The ledger of a job as it was last published, where the caller asks for that or the job has so many events that making
 * it of them would take seconds. It is the ledger that they give as of `accounted_until`. Undefined where it has to be
 * made of events: small jobs, publications that are old or not there, and what was not published. Throws a {@link Problem}.
 */
export async function publishedLedger(
  c: Context,
  deps: V1Dependencies,
): Promise<PublishedLedger | undefined> {
  const source = sourceOf(c);
  const needs = NEEDS_EVENTS.find((name) => c.req.query(name) !== undefined);
  if (source === 'published' && needs !== undefined) {
    throw new Problem(400, 'Bad made_from', `${needs} needs events: made_from=published cannot answer it.`);
  }
  if (source === 'events' || needs !== undefined) return undefined;
  if (source === undefined && !(await isLarge(c, deps))) return undefined;
  const job = c.req.param('job') ?? '';
  const row = await resultsOf(deps).published(job);
  const account =
    row === undefined ? undefined : accountAsPublished(row, row.declarations.filter(isJobScoped));
  const isUsable = account !== undefined && (source === 'published' || isNew(row, deps));
  if (isUsable && row !== undefined) return answerOf(c, deps, row, account);
  if (source === 'published') throw unpublished(job);
  return undefined;
}

function sourceOf(c: Context): 'events' | 'published' | undefined {
  const text = c.req.query('made_from');
  if (text === undefined || text === 'events' || text === 'published') return text;
  throw new Problem(400, 'Bad made_from', `made_from=${text} is not one of events, published.`);
}

/** A caller who waits for what was just sent wants it in the answer, which a publication need not have yet. */
async function isLarge(c: Context, { results, config }: V1Dependencies): Promise<boolean> {
  if (results === undefined || isAsked(c, 'consistent')) return false;
  return (await results.size(c.req.param('job') ?? '')) > config.ledger_events_max;
}

/** A job that is over is published once; of one that runs, what happened since is missing. */
function isNew(row: PublishedRow | undefined, { clock, config }: V1Dependencies): boolean {
  if (row === undefined) return false;
  return row.state === 'ended' || clock.now_us() - row.to_us <= config.ledger_age_max_s * 1e6;
}

function answerOf(c: Context, deps: V1Dependencies, row: PublishedRow, account: Account): PublishedLedger {
  const range = rangeFromQuery(c.req.query(), deps.clock.now_us());
  const from_us = range.from_us ?? account.from_us;
  const to_us = range.to_us ?? account.to_us;
  const windows_us = windowsOf(c, deps.config, { from_us, to_us });
  const told = ledgerOf(account, { from_us, to_us, ...(windows_us === undefined ? {} : { windows_us }) });
  const isMadeUp = isOfMadeUpClock(specHistory(row.declarations.filter(isJobScoped)).merged);
  return {
    ...(isMadeUp ? withoutGoodput(told) : told),
    quality: {
      made_from: 'published',
      revision: row.revision,
      computed_at: timeText(row.computed_at_us),
      accounted_until: timeText(account.to_us),
      coverage_ratio: coverageOf(told),
      reasons: isMadeUp
        ? { goodput_ratio: 'the log carries no time: its clock is made up of step times' }
        : {},
    },
    range: { from: timeText(from_us), to: timeText(to_us) },
  };
}

import type { Context } from 'hono';
import { isJobScoped } from '../../domain/events.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import type { LedgerJson } from '../../domain/ledger/ledger-shape.ts';
import { isOfMadeUpClock, withoutGoodput } from '../../domain/report/made-up-clock.ts';
import { specHistory } from '../../domain/report/spec-history.ts';
import { timeText } from '../../domain/report/time-text.ts';
import { windowsOf } from './ledger-windows.ts';
import { type PublishedJob, type PublishedQuality, publishedJob, publishedQuality } from './published-job.ts';
import { type RangeText, rangeFromQuery } from './time-range.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

export type PublishedLedger = LedgerJson & {
  readonly quality: PublishedQuality;
  readonly range: RangeText;
};

/**
 * The ledger of a job as it was last published: the one that all events give as of `accounted_until`. Undefined where it
 * has to be made of events. Throws a {@link Problem}.
 */
export async function publishedLedger(
  c: Context,
  deps: V1Dependencies,
): Promise<PublishedLedger | undefined> {
  const published = await publishedJob(c, deps, c.req.param('job') ?? '');
  return published === undefined ? undefined : answerOf(c, deps, published);
}

function answerOf(c: Context, deps: V1Dependencies, published: PublishedJob): PublishedLedger {
  const { row, account } = published;
  const range = rangeFromQuery(c.req.query(), deps.clock.now_us());
  const from_us = range.from_us ?? account.from_us;
  const to_us = range.to_us ?? account.to_us;
  const windows_us = windowsOf(c, deps.config, { from_us, to_us });
  const told = ledgerOf(account, { from_us, to_us, ...(windows_us === undefined ? {} : { windows_us }) });
  const isMadeUp = isOfMadeUpClock(specHistory(row.declarations.filter(isJobScoped)).merged);
  const reasons: Record<string, string> = isMadeUp
    ? { goodput_ratio: 'the log carries no time: its clock is made up of step times' }
    : {};
  return {
    ...(isMadeUp ? withoutGoodput(told) : told),
    quality: publishedQuality(published, told, reasons),
    range: { from: timeText(from_us), to: timeText(to_us) },
  };
}

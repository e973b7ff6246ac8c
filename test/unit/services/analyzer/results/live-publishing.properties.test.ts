import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../../domain/events.ts';
import { LiveJob, wholeAccount } from '../../../../../domain/report/live/live-job.ts';
import type { RowChange } from '../../../../../services/analyzer/results/keyed-rows.ts';
import {
  commonChapters,
  endOfChapters,
  livePublished,
  livePublishing,
  type PublishedLive,
} from '../../../../../services/analyzer/results/live-publishing.ts';
import {
  NOTHING_PUBLISHED,
  type PublishedJob,
  publishing,
} from '../../../../../services/analyzer/results/published-job.ts';
import { anyRun } from '../../../domain/ledger/book/runs.ts';
import { anyEvents, JOB } from '../../../domain/ledger/nasty-events.ts';
import {
  added,
  anyCuts,
  anyExtras,
  deliveriesOf,
  type Extras,
  limitsAt,
  RATES,
  SITE,
  SMALL,
  streamOf,
  told,
  witnesses,
} from '../live-runs.ts';

function sorted(changes: readonly RowChange<object>[]): string[] {
  return changes.map(({ row, deleted }) => JSON.stringify([deleted, Object.entries(row).sort()])).sort();
}

interface Compared {
  published: number;
  reopened: number;
  reverted: number;
}

/** Publishes a job as a whole and as one that is kept up to date, side by side. */
function check(
  events: readonly JobScopedEvent[],
  cuts: readonly number[],
  extra: Extras,
  compared: Compared,
): void {
  const live = new LiveJob({ job: JOB, site: SITE, rates: RATES, book: SMALL });
  let whole: PublishedJob = NOTHING_PUBLISHED;
  let kept: PublishedLive | undefined;
  for (const [index, { part, at_us }] of deliveriesOf(events, cuts).entries()) {
    live.add(part);
    const look = live.look({
      at_us,
      live: limitsAt(extra, at_us),
      ...witnesses(extra),
      baseline_tokens_per_s_per_device: null,
    });
    if (look === undefined || look.view.account.attempts.length === 0) continue;
    const expected = publishing(whole, wholeAccount(look));
    if (kept === undefined) {
      whole = expected.next;
      kept = livePublished(whole, look);
      continue;
    }
    const common = commonChapters(kept, look);
    const end_us = endOfChapters(look, common);
    const isCommon = common === kept.chapters.length;
    const steps = isCommon ? kept.steps : whole.steps.filter(({ start_us }) => start_us >= end_us);
    const told = livePublishing(kept, look, steps);
    expect(told.revision).toEqual(expected.revision);
    expect(told.next.revision).toBe(expected.next.revision);
    if (told.revision !== undefined) expect(told.goodput).toEqual(expected.goodput);
    expect(told.isOnlyGrowth).toBe(expected.isOnlyGrowth);
    expect(sorted(told.segments)).toEqual(sorted(expected.segments));
    expect(sorted(told.steps)).toEqual(sorted(expected.steps));
    expect(sorted(told.incidents)).toEqual(sorted(expected.incidents));
    compared.published++;
    if (!isCommon) compared.reopened++;
    // one whose rows cannot be written is published anew at the next look
    if (index % 4 === 2) {
      kept.stretches.revert();
      compared.reverted++;
      continue;
    }
    kept.stretches.accept();
    kept = told.next;
    whole = expected.next;
  }
}

const RUNS = 100;

it('publishes of a job that is kept up to date the rows and revisions that comparing all of it does', () => {
  const compared = { published: 0, reopened: 0, reverted: 0 };
  fc.assert(
    fc.property(anyRun, anyCuts, anyExtras, ({ events, order }, cuts, extra) => {
      const arriving = order.map((index) => events[index]).filter((event) => event !== undefined);
      check(streamOf(arriving, extra), cuts, extra, compared);
    }),
    { numRuns: RUNS },
  );
  expect(compared.published).toBeGreaterThan(RUNS);
  expect(compared.reopened).toBeGreaterThan(RUNS / 10);
  expect(compared.reverted).toBeGreaterThan(RUNS / 4);
}, 600_000);

it('also of contradictory piles of events', () => {
  const compared = { published: 0, reopened: 0, reverted: 0 };
  fc.assert(
    fc.property(anyEvents, anyCuts, anyExtras, (events, cuts, extra) => {
      check([...told(events, extra), ...added(extra)], cuts, extra, compared);
    }),
    { numRuns: RUNS },
  );
  expect(compared.published).toBeGreaterThan(RUNS);
}, 600_000);

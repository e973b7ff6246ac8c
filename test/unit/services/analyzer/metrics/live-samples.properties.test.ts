import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../../domain/events.ts';
import { jobView } from '../../../../../domain/report/job-view.ts';
import { learnedBaseline } from '../../../../../domain/report/learned-baseline.ts';
import { LiveJob } from '../../../../../domain/report/live/live-job.ts';
import type { LiveView } from '../../../../../domain/report/live-view.ts';
import { createJobHistory } from '../../../../../services/analyzer/metrics/job-history.ts';
import { samplesOf } from '../../../../../services/analyzer/metrics/samples.ts';
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
  S,
  SITE,
  SMALL,
  streamOf,
  told,
  witnesses,
} from '../live-runs.ts';

const OPTIONS = { ...RATES, baseline_tokens_per_s_per_device: 12, revision: 3 };

function keyed(view: LiveView) {
  const samples = samplesOf(view, OPTIONS).map(({ name, labels, value }): [string, number] => [
    JSON.stringify([name, labels]),
    value,
  ]);
  return {
    samples: Object.fromEntries(samples.sort(([a], [b]) => (a < b ? -1 : 1))),
    taught: learnedBaseline(view, RATES),
    since: view.track.since(20 * S),
  };
}

interface Compared {
  looked: number;
  sealed: number;
  past: number;
}

function check(
  events: readonly JobScopedEvent[],
  cuts: readonly number[],
  extra: Extras,
  compared: Compared,
): void {
  const live = new LiveJob({ job: JOB, site: SITE, rates: RATES, book: SMALL });
  const known: JobScopedEvent[] = [];
  for (const { part, at_us } of deliveriesOf(events, cuts)) {
    live.add(part);
    known.push(...part);
    const limits = limitsAt(extra, at_us);
    const others = { ...witnesses(extra), baseline_tokens_per_s_per_device: 12 };
    const look = live.look({ at_us, live: limits, ...others });
    if (look === undefined) continue;
    const reference = jobView(known, { job: JOB, at_us, live: limits, site: SITE, ...others });
    expect(keyed(look.view)).toEqual(keyed(reference));
    compared.looked++;
    if (look.account.sealed.length > 0) compared.sealed++;
    const before = createJobHistory(reference, known, limits);
    for (const ago_us of [S / 10, S, 3 * S]) {
      const then = look.before(at_us - ago_us);
      if (then === undefined) continue;
      compared.past++;
      expect(keyed(then), `${ago_us / S} s before`).toEqual(keyed(before(at_us - ago_us)));
    }
  }
}

const RUNS = 60;

it('live samples of a job that is kept up to date are those of a view of all its events', () => {
  const compared = { looked: 0, sealed: 0, past: 0 };
  fc.assert(
    fc.property(anyRun, anyCuts, anyExtras, ({ events, order }, cuts, extra) => {
      const arriving = order.map((index) => events[index]).filter((event) => event !== undefined);
      check(streamOf(arriving, extra), cuts, extra, compared);
    }),
    { numRuns: RUNS },
  );
  expect(compared.sealed).toBeGreaterThan(RUNS);
  expect(compared.past).toBeGreaterThan(RUNS);
}, 600_000);

it('also of contradictory piles of events', () => {
  const compared = { looked: 0, sealed: 0, past: 0 };
  fc.assert(
    fc.property(anyEvents, anyCuts, anyExtras, (events, cuts, extra) => {
      check([...told(events, extra), ...added(extra)], cuts, extra, compared);
    }),
    { numRuns: RUNS },
  );
  expect(compared.looked).toBeGreaterThan(RUNS);
}, 600_000);

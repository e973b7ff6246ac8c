import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../../domain/events.ts';
import { accountOf } from '../../../../../domain/ledger/account.ts';
import type { BookAccount } from '../../../../../domain/ledger/book/book-account.ts';
import { JobBook } from '../../../../../domain/ledger/book/job-book.ts';
import { laidOut } from '../../../../../domain/ledger/book/ledger-rows.ts';
import { ledgerOf } from '../../../../../domain/ledger/ledger.ts';
import type { Account } from '../../../../../domain/ledger/ledger-shape.ts';
import { anyEvents, anyView, JOB, optionsOf } from '../nasty-events.ts';
import { anyRun } from './runs.ts';

const SMALL = { chapter_steps: 3, lag_steps: 2, batch_events: 7 };

function plain(account: Account): Account {
  const { job, from_us, to_us, state, segments, steps, attempts, incidents } = account;
  const { lost_steps, last_step, last_progress_at_us, newest_event_us } = account;
  const { overlapped_s, ranks_seen, capacity } = account;
  return {
    ...{ job, from_us, to_us, state, segments, steps, attempts, incidents },
    ...{ lost_steps, last_step, last_progress_at_us, newest_event_us },
    ...{ overlapped_s, ranks_seen, capacity },
  };
}

function expectSame(book: BookAccount, reference: Account): void {
  expect(plain(book)).toEqual(reference);
  const rows = laidOut(book.rows(), book.from_us);
  const [summed, whole] = [ledgerOf({ ...plain(book), segments: rows }), ledgerOf(reference)];
  expect(summed.buckets_s).toEqual(whole.buckets_s);
  expect(summed.custom_s).toEqual(whole.custom_s);
  expect(summed.goodput_ratio).toBe(whole.goodput_ratio);
  expect(summed.device_seconds).toEqual(whole.device_seconds);
  expect(summed.cost_by_cause_device_seconds).toEqual(whole.cost_by_cause_device_seconds);
  const { from_us, to_us } = reference;
  for (const share of [0.1, 0.5, 0.8]) {
    const at_us = Math.round(from_us + (to_us - from_us) * share);
    const window = laidOut(book.rows(at_us, to_us), at_us);
    const inside = ledgerOf({ ...plain(book), from_us: at_us, segments: window });
    expect(inside.buckets_s).toEqual(ledgerOf(reference, { from_us: at_us, to_us }).buckets_s);
    for (const [begin_us, end_us] of [
      [from_us, at_us],
      [at_us, Math.round((at_us + to_us) / 2)],
    ] as const) {
      const rows = laidOut(book.rows(begin_us, end_us), begin_us);
      const part = ledgerOf({ ...plain(book), from_us: begin_us, to_us: end_us, segments: rows });
      const same = ledgerOf(reference, { from_us: begin_us, to_us: end_us });
      expect(part.buckets_s).toEqual(same.buckets_s);
      expect(part.device_seconds).toEqual(same.device_seconds);
    }
    expect(book.segmentsFrom(at_us)).toEqual(reference.segments.filter((segment) => segment.to_us > at_us));
  }
}

/** Events cut into deliveries, some of which come again. */
function deliveriesOf(events: readonly JobScopedEvent[], cuts: readonly number[]): JobScopedEvent[][] {
  const bounds = [...new Set(cuts.map((cut) => cut % (events.length + 1)))].sort((a, b) => a - b);
  const parts = [0, ...bounds].map((from, index) => events.slice(from, bounds[index] ?? events.length));
  return parts.flatMap((part, index) => (index % 3 === 1 ? [part, parts[index - 1] ?? []] : [part]));
}

const anyCuts = fc.array(fc.nat(400), { maxLength: 8 });

function check(events: readonly JobScopedEvent[], cuts: readonly number[], options: object): number {
  const book = new JobBook(JOB, SMALL);
  const known: JobScopedEvent[] = [];
  let sealed = 0;
  for (const delivery of deliveriesOf(events, cuts)) {
    book.add(delivery);
    known.push(...delivery);
    expectSame(book.account({ ...options }), accountOf(known, { job: JOB, ...options }));
    sealed = Math.max(sealed, book.chapters);
  }
  return sealed;
}

// Hundreds of sets, each accounted again with every delivery: minutes where others share the processor.
describe('a book', { timeout: 300_000 }, () => {
  it('answers after every delivery what the account of the same set is, whatever the events', () => {
    fc.assert(
      fc.property(anyEvents, anyCuts, anyView, (events, cuts, view) => {
        check(events, cuts, optionsOf(view));
      }),
      { numRuns: 300 },
    );
  });

  it('does so for runs that seal: many ranks, rollbacks, spans across cuts, late and repeated events', () => {
    let sealed = 0;
    fc.assert(
      fc.property(anyRun, anyCuts, anyView, ({ events, order }, cuts, view) => {
        const arriving = order.map((index) => events[index]).filter((event) => event !== undefined);
        sealed += check(arriving, cuts, optionsOf(view)) > 0 ? 1 : 0;
      }),
      { numRuns: 300 },
    );
    expect(sealed).toBeGreaterThan(60);
  });

  it('says truly what did not change since its account before', () => {
    fc.assert(
      fc.property(anyRun, anyCuts, anyView, ({ events, order }, cuts, view) => {
        const arriving = order.map((index) => events[index]).filter((event) => event !== undefined);
        const book = new JobBook(JOB, SMALL);
        let before: Account | undefined;
        for (const delivery of deliveriesOf(arriving, cuts)) {
          book.add(delivery);
          const account = book.account(optionsOf(view));
          const now = plain(account);
          const until_us = account.unchanged_until_us;
          if (before !== undefined) {
            const old = <T extends { end_us: number }>(list: readonly T[]) =>
              list.filter(({ end_us }) => end_us < until_us);
            expect(old(now.steps)).toEqual(old(before.steps));
            const ended = (list: Account['segments']) => list.filter(({ to_us }) => to_us < until_us);
            expect(ended(now.segments)).toEqual(ended(before.segments));
          }
          before = now;
        }
      }),
      { numRuns: 100 },
    );
  });
});

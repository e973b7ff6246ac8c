import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountOf } from '../../../../domain/ledger/account.ts';
import { ledgerOf } from '../../../../domain/ledger/ledger.ts';
import { accountAsPublished } from '../../../../domain/ledger/published-account.ts';
import { openAttempt } from '../../../../domain/ledger/revision.ts';
import { stretchesOf } from '../../../../domain/ledger/stretches.ts';
import { anyRun } from './book/runs.ts';
import { JOB } from './nasty-events.ts';

const DECLARED: ReadonlySet<string> = new Set(['job', 'attempt_start', 'attempt_end', 'span', 'capacity']);

describe('an account as it was published', () => {
  it('has the ledger of the account that it was, without the steps, or says that it cannot', () => {
    let told = 0;
    fc.assert(
      fc.property(anyRun, fc.integer({ min: 0, max: 200 }), ({ events }, at_s) => {
        const account = accountOf(events, { job: JOB, at_us: at_s * 1e6 });
        const { state, to_us, incidents } = account;
        const declared = events.filter(({ type }) => DECLARED.has(type));
        const segments = stretchesOf(account.segments);
        const published = { job: JOB, state, to_us, segments, incidents, open_attempt: openAttempt(account) };
        const again = accountAsPublished(published, declared);
        if (again === undefined) return;
        told += 1;
        const from_us = Math.round(account.from_us + (to_us - account.from_us) * 0.3);
        for (const range of [{}, { from_us }, { to_us: from_us }]) {
          const windows_us = { size_us: 7e6, count_max: 1000 };
          expect(ledgerOf(again, { ...range, windows_us })).toEqual(
            ledgerOf(account, { ...range, windows_us }),
          );
        }
      }),
      { numRuns: 300 },
    );
    expect(told).toBeGreaterThan(60);
  });

  it('is not told when an attempt was heard of by its end alone, which leaves no second of its own', () => {
    const events = [
      { type: 'attempt_start', job: JOB, attempt: 1, time_us: 0 },
      { type: 'attempt_end', job: JOB, attempt: 2, time_us: 5e6, clean: true },
    ] as const;
    const account = accountOf(events, { job: JOB, at_us: 5e6 });
    expect(account.attempts).toHaveLength(2);
    const { state, to_us, incidents } = account;
    const segments = stretchesOf(account.segments);
    const published = { job: JOB, state, to_us, segments, incidents, open_attempt: openAttempt(account) };
    expect(accountAsPublished(published, events)).toBeUndefined();
  });
});

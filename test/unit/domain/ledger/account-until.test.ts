import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountOf } from '../../../../domain/ledger/account.ts';
import { accountHistory, accountUntil } from '../../../../domain/ledger/account-until.ts';
import { ledgerOf } from '../../../../domain/ledger/ledger.ts';
import { anyEvents, anyView, optionsOf } from './nasty-events.ts';
import { account, end, fail, mark, S, span, start, step, steps } from './timeline.ts';

/** Ten steps, down from 110 to 150, back at work at 160, two steps undone, over at 200. */
const RUN = [
  start(1, 0, 8),
  ...steps(1, 1, 10, 10, 10),
  fail(1, 110),
  mark('detect', 120),
  start(2, 150, 8),
  span(2, 'init', 150, 155),
  ...steps(2, 9, 12, 160, 10),
  end(2, 200),
];
const closed = account(RUN);

describe('accountUntil', () => {
  it('says the state of each moment by what became of it', () => {
    const states = [0, 9, 10, 109, 110, 149, 150, 152, 159, 160, 199, 200, 999].map(
      (s) => `${s} ${accountUntil(closed, s * S).state}`,
    );
    expect(states).toEqual([
      '0 starting',
      '9 starting',
      '10 running',
      '109 running',
      '110 down',
      '149 down',
      '150 starting',
      '152 starting',
      '159 starting',
      '160 running',
      '199 running',
      '200 ended',
      '999 ended',
    ]);
  });

  it('has nothing before the start, and is the account itself after the end', () => {
    const before = accountUntil(account([start(1, 50), ...steps(1, 1, 2, 60, 10)]), 20 * S);
    expect(before).toMatchObject({ from_us: 20 * S, to_us: 20 * S, state: 'starting', last_step: null });
    expect([before.segments, before.attempts, before.incidents, before.steps]).toEqual([[], [], [], []]);
    expect(accountUntil(closed, 200 * S)).toBe(closed);
  });

  it('knows the steps that had ended, and the attempts that had begun', () => {
    const during = accountUntil(closed, 45 * S);
    expect(during).toMatchObject({ last_step: 3, last_progress_at_us: 40 * S, newest_event_us: 40 * S });
    expect(during.steps.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(during.attempts).toEqual([{ attempt: 1, start_us: 0, end_us: undefined }]);
    const down = accountUntil(closed, 130 * S);
    expect(down).toMatchObject({ last_step: 10, last_progress_at_us: 110 * S, lost_steps: 2 });
    expect(down.attempts).toEqual([{ attempt: 1, start_us: 0, end_us: 110 * S }]);
  });

  it('climbs the repair ladder rung by rung', () => {
    const at = (s: number) => accountUntil(closed, s * S).incidents;
    expect(at(109)).toEqual([]);
    expect(at(110)[0]).toMatchObject({ state: 'open', time_to_detect_s: null, time_to_restart_s: null });
    expect(at(120)[0]).toMatchObject({ time_to_detect_s: 10, time_to_restart_s: null });
    expect(at(160)[0]).toMatchObject({ time_to_restart_s: 40, time_to_first_step_s: 50, state: 'open' });
    expect(at(179)[0]).toMatchObject({ time_to_regain_progress_s: null, last_progress_to_regain_s: null });
    expect(at(180)).toEqual(closed.incidents);
    expect(closed.incidents[0]).toMatchObject({ state: 'recovered', time_to_regain_progress_s: 70 });
  });

  it('does not take the step under way at a failure for a completed one', () => {
    const cut = account([start(1, 0), ...steps(1, 1, 3, 10, 10), step(1, 4, 40), fail(1, 45), start(2, 60)], {
      now_us: 70 * S,
    });
    expect(accountUntil(cut, 50 * S)).toMatchObject({ state: 'down', last_step: 3, lost_steps: 0 });
  });

  it('names a hang by what it was to whoever looked, whatever ended it', () => {
    const hung = [start(1, 0), ...steps(1, 1, 30, 10, 2), step(1, 31, 70)];
    const ends = [
      [fail(1, 4000), start(2, 4100)],
      [step(1, 31, 70, 4000), end(1, 4100)],
      [end(1, 4000, false), start(2, 4100)],
    ];
    for (const after of ends) {
      const whole = account([...hung, ...after], { now_us: 4200 * S });
      const stateAt = (s: number) => accountUntil(whole, s * S).state;
      expect([stateAt(69), stateAt(70), stateAt(371), stateAt(3999)]).toEqual([
        'running',
        'hang',
        'hang',
        'hang',
      ]);
      expect(stateAt(4000)).not.toBe('hang');
    }
  });

  it('waits longer for the first step, and for a line of many', () => {
    const first = [start(1, 0), step(1, 1, 10, 1000), ...steps(1, 2, 30, 1000, 2), end(1, 1060)];
    expect(accountUntil(account(first), 900 * S).state).toBe('running');
    const later = [
      start(1, 0),
      ...steps(1, 1, 30, 10, 2),
      step(1, 430, 70, 1000, { count: 400 }),
      end(1, 1001),
    ];
    expect(accountUntil(account(later), 900 * S).state).toBe('running');
    const saving = [start(1, 0), ...steps(1, 1, 30, 10, 2), step(1, 31, 70, 472), end(1, 480)];
    const saved = account([...saving, span(1, 'ckpt_save', 71, 471)]);
    expect(accountUntil(saved, 400 * S).state).toBe('running');
    expect(accountUntil(account(saving), 400 * S).state).toBe('hang');
  });

  it('has the open end of a job that hangs or is silent', () => {
    const events = [start(1, 0), ...steps(1, 1, 30, 10, 2), step(1, 31, 70)];
    const hung = account(events, { now_us: 5000 * S });
    expect(accountUntil(hung, 1000 * S)).toMatchObject({ state: 'hang', last_step: 30 });
    const silent = account(events.slice(0, -1), { now_us: 5000 * S });
    expect(silent.state).toBe('silent');
    expect(accountUntil(silent, 1000 * S).state).toBe('silent');
  });
});

describe('accountUntil, whatever the events', () => {
  const moment = fc.integer({ min: 0, max: 70_000_000 });

  it('has the ledger of the same range', () => {
    fc.assert(
      fc.property(anyEvents, anyView, moment, moment, (events, view, one, other) => {
        const whole = accountOf(events, optionsOf(view));
        const [from_us, to_us] = [Math.min(one, other), Math.max(one, other)];
        const until = accountUntil(whole, to_us);
        for (const figure of ['buckets_s', 'goodput_ratio', 'device_seconds'] as const) {
          expect(ledgerOf(until, { from_us, to_us })[figure]).toEqual(
            ledgerOf(whole, { from_us, to_us })[figure],
          );
        }
        expect(until.segments.at(-1)?.to_us ?? until.to_us).toBe(until.to_us);
        const hadEnded = whole.steps.filter(({ end_us }) => to_us >= whole.to_us || end_us <= to_us);
        expect(until.steps).toEqual(to_us < whole.from_us ? [] : hadEnded);
      }),
      { numRuns: 500 },
    );
  });

  it('sees only grow what had happened', () => {
    fc.assert(
      fc.property(anyEvents, anyView, moment, moment, (events, view, one, other) => {
        const until = accountHistory(accountOf(events, optionsOf(view)));
        const [before, after] = [until(Math.min(one, other)), until(Math.max(one, other))];
        expect(after.steps).toEqual(expect.arrayContaining([...before.steps]));
        expect(after.lost_steps).toBeGreaterThanOrEqual(before.lost_steps);
        expect(after.attempts.length).toBeGreaterThanOrEqual(before.attempts.length);
        expect(after.incidents.map(({ id }) => id)).toEqual(
          expect.arrayContaining(before.incidents.map(({ id }) => id)),
        );
        expect(before.steps.every(({ end_us }) => end_us <= before.to_us)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { LIVE_DEFAULTS } from '../../../../domain/ledger/ledger-shape.ts';
import { account, fail, JOB, ledger, S, span, start, step, steps } from './timeline.ts';

/** Steps of 10 s without ends, the last of them open since 200 s. */
const OPEN = [start(1, 0), ...Array.from({ length: 20 }, (_, index) => step(1, index, 10 + index * 10))];
/** The same told when they end: nothing says what runs now. */
const ENDED = [start(1, 0), ...steps(1, 0, 19, 10, 10)];

function at(s: number, heard_s?: number) {
  const live = heard_s === undefined ? LIVE_DEFAULTS : { ...LIVE_DEFAULTS, heard_until_us: heard_s * S };
  return { now_us: s * S, live };
}

describe('an open step', () => {
  it('is in flight until it is old, then a hang from its last progress on', () => {
    expect(ledger(OPEN, at(500))).toMatchObject({
      state: 'running',
      buckets_s: { in_flight: 300, productive: 190 },
    });
    const hung = ledger(OPEN, at(501));
    expect(hung).toMatchObject({ state: 'hang', buckets_s: { hang: 301, productive: 190 } });
    expect(hung.incidents).toMatchObject([
      { id: 'j/1', kind: 'hang', state: 'open', failed_at_us: 200 * S, last_progress_at_us: 200 * S },
    ]);
    expect(account(OPEN, at(501)).steps.at(-1)).toMatchObject({ fate: 'hang', net_us: 301 * S });
  });

  it('waits ten medians where a step takes longer than half a minute', () => {
    const slow = [start(1, 0), ...Array.from({ length: 5 }, (_, index) => step(1, index, index * 60))];
    expect(ledger(slow, at(240 + 600)).state).toBe('running');
    expect(ledger(slow, at(240 + 601)).state).toBe('hang');
  });

  it('is not hung by a long save, nor by time that is excluded', () => {
    const save = span(1, 'ckpt_save', 205, 600);
    expect(ledger([...OPEN, save], at(800))).toMatchObject({
      state: 'running',
      buckets_s: { ckpt_save: 395 },
    });
    expect(ledger([...OPEN, save], at(900)).state).toBe('hang');
    const exclude: JobScopedEvent = {
      type: 'exclude',
      job: JOB,
      start_us: 205 * S,
      end_us: 600 * S,
      reason: 'power',
    };
    expect(ledger([...OPEN, exclude], at(800)).state).toBe('running');
  });

  it('stays a hang for good while nothing but its own events is known, and becomes silence when telemetry stops too', () => {
    expect(ledger(OPEN, at(5000)).state).toBe('hang');
    expect(ledger(OPEN, at(5000, 4900))).toMatchObject({ state: 'hang', buckets_s: { hang: 4800 } });
    expect(ledger(OPEN, at(5000, 3000))).toMatchObject({
      state: 'silent',
      buckets_s: { hang: 2800, silent: 2000 },
    });
  });

  it('once failed is lost work, and the hang is the interruption', () => {
    const result = ledger([...OPEN, fail(1, 2000)], at(2500));
    expect(result.buckets_s).toMatchObject({ lost_work: 1800, down: 500, productive: 190 });
    expect(result.incidents).toMatchObject([{ id: 'j/1', kind: 'interruption', failed_at_us: 2000 * S }]);
  });
});

describe('a job whose steps are told when they end', () => {
  it('hangs when its devices still speak, and is silent when nothing does', () => {
    expect(ledger(ENDED, at(510, 510))).toMatchObject({ state: 'running', buckets_s: { other: 300 } });
    expect(ledger(ENDED, at(511, 511))).toMatchObject({ state: 'hang', buckets_s: { hang: 301 } });
    expect(ledger(ENDED, at(1110)).state).toBe('hang');
    const silent = ledger(ENDED, at(1111));
    expect(silent).toMatchObject({ state: 'silent', buckets_s: { silent: 901, productive: 200 } });
    expect(silent.incidents).toMatchObject([{ kind: 'silence', state: 'open', failed_at_us: 210 * S }]);
    expect(silent.goodput_ratio).toBeCloseTo(200 / 1111, 12);
  });

  it('in lines of many steps is not hung before the next line is due', () => {
    const lines = [0, 1, 2].map((index) => {
      return step(1, 100 * (index + 1), 10 + index * 1000, 1010 + index * 1000, { count: 100 });
    });
    // due after 99 more steps of 10 s, and late by the limit of one step
    expect(ledger([start(1, 0), ...lines], at(3010 + 990 + 300, 9e9)).state).toBe('running');
    expect(ledger([start(1, 0), ...lines], at(3010 + 990 + 301, 9e9)).state).toBe('hang');
  });
});

describe('an attempt before its first step', () => {
  it('may take half an hour, then hangs', () => {
    const run = [start(1, 0), span(1, 'init', 10, 70)];
    expect(ledger(run, at(1860, 1860))).toMatchObject({
      state: 'starting',
      buckets_s: { startup: 1800, init: 60 },
    });
    expect(ledger(run, at(1861, 1861))).toMatchObject({ state: 'hang', buckets_s: { hang: 1801, init: 60 } });
  });

  it('is starting again after a failure, however many steps came before', () => {
    expect(ledger([...ENDED, fail(1, 210), start(2, 300)], at(330)).state).toBe('starting');
  });
});

describe('late events', () => {
  it('turn a hang into the slow step it was', () => {
    expect(ledger(OPEN, at(700)).buckets_s).toMatchObject({ hang: 500 });
    const late = ledger([...OPEN, step(1, 19, 200, 650)], at(700));
    expect(late).toMatchObject({
      state: 'running',
      buckets_s: { productive: 640, other: 50 },
      incidents: [
        { kind: 'hang', state: 'recovered', failed_at_us: 200_000_000, last_progress_to_regain_s: 450 },
      ],
    });
  });
});

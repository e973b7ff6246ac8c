import { describe, expect, it } from 'vitest';
import { ledgerOf, TooManyWindows } from '../../../../domain/ledger/ledger.ts';
import { account, end, fail, S, start, steps } from './timeline.ts';

const ACCOUNT = account([
  start(1, 0, 2),
  ...steps(1, 0, 9, 10, 1),
  fail(1, 20, 'oom'),
  start(2, 50),
  ...steps(2, 10, 19, 60, 1),
  end(2, 70),
]);

describe('the ledger of a range', () => {
  it('reads 0 inside an outage, never nothing', () => {
    const result = ledgerOf(ACCOUNT, { from_us: 25 * S, to_us: 40 * S });
    expect(result).toMatchObject({
      horizon_s: 15,
      goodput_ratio: 0,
      buckets_s: { down: 15 },
      interruptions: 0,
    });
    expect(result.cost_by_cause_device_seconds).toEqual({ oom: 30 });
  });

  it('counts only what lies inside the horizon, and has no ratio outside it', () => {
    expect(ledgerOf(ACCOUNT, { from_us: 60 * S, to_us: 900 * S })).toMatchObject({
      horizon_s: 10,
      goodput_ratio: 1,
    });
    expect(ledgerOf(ACCOUNT, { from_us: 80 * S, to_us: 900 * S })).toMatchObject({
      horizon_s: 0,
      goodput_ratio: null,
    });
  });

  it('has the restarts and the failures that happened in it', () => {
    const before = ledgerOf(ACCOUNT, { from_us: 0, to_us: 30 * S });
    const after = ledgerOf(ACCOUNT, { from_us: 30 * S, to_us: 70 * S });
    expect([before.interruptions, before.incidents.length]).toEqual([0, 1]);
    expect([after.interruptions, after.incidents.length]).toEqual([1, 0]);
  });

  it('names its buckets in the order of the ledger', () => {
    expect(Object.keys(ledgerOf(ACCOUNT).buckets_s)).toEqual(['productive', 'startup', 'down']);
  });
});

describe('windows', () => {
  it('begin at the start of the range; the last may be shorter', () => {
    const { windows } = ledgerOf(ACCOUNT, { windows_us: { size_us: 30 * S, count_max: 3 } });
    expect(
      windows.map(({ from_us, to_us, goodput_ratio }) => [from_us / S, to_us / S, goodput_ratio]),
    ).toEqual([
      [0, 30, 10 / 30],
      [30, 60, 0],
      [60, 70, 1],
    ]);
  });

  it('beyond the limit are refused, not cut short', () => {
    expect(() => ledgerOf(ACCOUNT, { windows_us: { size_us: 30 * S, count_max: 2 } })).toThrow(
      TooManyWindows,
    );
  });
});

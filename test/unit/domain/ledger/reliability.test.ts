import { describe, expect, it } from 'vitest';
import { budgetBurn, mtbiRunningTime, nodeMtbf, topWaste } from '../../../../domain/ledger/reliability.ts';

const LEDGER = {
  buckets_s: { productive: 7200, lost_work: 1800, ckpt_save: 900, down: 1800, startup: 1800 },
  interruptions: 2,
};

describe('reliability', () => {
  it('divides time that computes or saves by interruptions, and has no figure without one', () => {
    expect(mtbiRunningTime(LEDGER)).toBe(4950);
    expect(nodeMtbf(LEDGER, 4)).toBe(19_800);
    expect(mtbiRunningTime({ ...LEDGER, interruptions: 0 })).toBeNull();
    expect(nodeMtbf({ ...LEDGER, interruptions: 0 }, 4)).toBeNull();
  });

  it('spends the error budget above 1 where the target is missed', () => {
    expect(budgetBurn(0.9, 0.9)).toBeCloseTo(1, 12);
    expect(budgetBurn(0.8, 0.9)).toBeCloseTo(2, 12);
  });

  it('names the costliest loss, of equal ones the first in the ledger', () => {
    expect(topWaste(LEDGER.buckets_s)).toBe('lost_work');
    expect(topWaste({ productive: 1, excluded: 9 })).toBeNull();
  });
});

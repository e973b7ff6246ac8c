import { describe, expect, it } from 'vitest';
import {
  budgetBurn,
  mtbf,
  mtbiRunningTime,
  nodeMtbf,
  topWaste,
} from '../../../../domain/ledger/reliability.ts';

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

  it('gives the published rates of Llama 3: 419 unexpected of 466 interruptions in 54 days of 2,048 nodes', () => {
    const hours = 54 * 24;
    expect(mtbf(hours * 3600, 419, 'elapsed').mtbf_s).toBeCloseTo(3.093 * 3600, -1);
    expect(mtbf(hours * 3600, 466, 'elapsed').mtbf_s).toBeCloseTo(2.781 * 3600, -1);
    // 3.79 per 1,000 node-days, and 419 events are known to within a tenth: 379.8 to 461.1 (Garwood)
    const node = mtbf(hours * 3600 * 2048, 419, 'node-seconds');
    expect((1000 * 86_400) / (node.mtbf_s ?? Number.NaN)).toBeCloseTo(3.79, 2);
    expect((1000 * 86_400) / (node.interval?.high ?? Number.NaN)).toBeCloseTo(379.8 / 110.592, 2);
    expect((1000 * 86_400) / (node.interval?.low ?? Number.NaN)).toBeCloseTo(461.1 / 110.592, 2);
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

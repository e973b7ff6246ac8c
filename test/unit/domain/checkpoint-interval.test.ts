import { describe, expect, it } from 'vitest';
import {
  dalyInterval,
  expectedEttr,
  expectedOverhead,
  saxenaInterval,
  youngInterval,
} from '../../../domain/checkpoint-interval.ts';

describe('how often to save', () => {
  // A save of 30 s, a failure every 3 h: sqrt(2 x 30 x 10,800) = sqrt(648,000) = 804.98
  const save_s = 30;
  const mtbf_s = 10_800;

  it("is Young's square root", () => {
    expect(youngInterval(save_s, mtbf_s)).toBeCloseTo(804.984, 3);
  });

  it("is a little less than that with Daly's terms", () => {
    // d / 2M = 1/720, its root 0.0372678: 804.984 x (1 + 0.0124226 + 0.000154321) - 30 = 785.108
    expect(dalyInterval(save_s, mtbf_s)).toBeCloseTo(785.108, 2);
    expect(dalyInterval(100, 40)).toBe(40);
  });

  it('is longer where repairs take time', () => {
    // 30 + sqrt(2 x 11,400 x 30 + 900) = 30 + sqrt(684,900) = 857.587
    expect(saxenaInterval(save_s, mtbf_s, 600)).toBeCloseTo(857.587, 3);
  });

  it('costs sqrt(2 d / M) + R / M at the optimum, and more on both sides', () => {
    const costs = { save_s, mtbf_s, recovery_s: 600 };
    const best = youngInterval(save_s, mtbf_s);
    const least = expectedOverhead(best, costs);
    expect(least).toBeCloseTo(Math.sqrt(60 / 10_800) + 600 / 10_800, 12);
    expect(expectedOverhead(best * 1.1, costs)).toBeGreaterThan(least);
    expect(expectedOverhead(best / 1.1, costs)).toBeGreaterThan(least);
  });
});

describe('the expected ETTR of 12,000 GPUs (1,500 nodes), as Meta published it', () => {
  const DAY_S = 86_400;
  // Failures per 1,000 node-days, seconds of a save; a restart of 5 minutes, saves at the optimum
  it.each([
    [6.5, 300, 0.74],
    [1, 300, 0.898],
    [6.5, 10, 0.921],
  ])('at %d failures per 1,000 node-days and saves of %d s is %d', (rate, save_s, ettr) => {
    const mtbf_s = DAY_S / (1.5 * rate);
    const interval_s = youngInterval(save_s, mtbf_s);
    expect(expectedEttr(interval_s, { save_s, mtbf_s, recovery_s: 300 })).toBeCloseTo(ettr, 3);
  });
});

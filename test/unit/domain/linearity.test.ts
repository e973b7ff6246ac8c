import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFINITIONS, type LinearityPoint, linearityOf } from '../../../domain/linearity.ts';

const small: LinearityPoint = {
  job: 'n512',
  devices: 512,
  tokens_per_s_per_device: 741.67,
  step_s: 11.0453,
  model: 'gpt3-175b',
  sequence_length: 2048,
  batch_per_device: 4,
  hardware: 'h100-sxm',
  dtype: 'fp8',
};
const large: LinearityPoint = {
  ...small,
  job: 'n4096',
  devices: 4096,
  tokens_per_s_per_device: 636.66,
  step_s: 1.6084,
  batch_per_device: 0.5,
};

describe('linearityOf', () => {
  it('of GPT-3 on 4096 against 512 devices is 85.8 % by tokens, with the batch flagged', () => {
    const { definition, baseline, points } = linearityOf([large, small], undefined);
    expect(definition).toBe('tokens');
    expect(baseline).toEqual({ job: 'n512', devices: 512, tokens_per_s_per_device: 741.67 });
    expect(points.map(({ job }) => job)).toEqual(['n512', 'n4096']);
    expect(points[0]).toMatchObject({ linearity_ratio: 1, differs: [], reason: null });
    expect(points[1]?.linearity_ratio).toBeCloseTo(0.8584, 4);
    expect(points[1]?.differs).toEqual(['batch_per_device']);
  });

  it('by step time is the time for a sequence on a device, under strong and weak scaling', () => {
    expect(linearityOf([small, large], undefined, 'step_time').points[1]?.linearity_ratio).toBeCloseTo(
      0.8584,
      3,
    );
    const weak = { ...small, job: 'weak', devices: 1024, step_s: 12 };
    expect(linearityOf([small, weak], undefined, 'step_time').points[1]?.linearity_ratio).toBeCloseTo(
      11.0453 / 12,
      12,
    );
  });

  it('by time to train and by score is device-time to the target', () => {
    // Llama 3.1 405B on GB200, MLPerf 5.0: 104.95 and 26.99 min raw, 121.09 and 27.33 as scored.
    const first = { ...small, job: 'a', devices: 512, time_to_train_s: 104.95 * 60, score: 121.09 };
    const last = { ...small, job: 'b', devices: 2496, time_to_train_s: 26.99 * 60, score: 27.33 };
    expect(linearityOf([first, last], undefined, 'time_to_train').points[1]?.linearity_ratio).toBeCloseTo(
      0.798,
      3,
    );
    expect(linearityOf([first, last], undefined, 'score').points[1]?.linearity_ratio).toBeCloseTo(0.909, 3);
  });

  it('shows what is above 1 and flags the other model', () => {
    const other = {
      ...large,
      job: 'other',
      model: 'gpt3-1b',
      tokens_per_s_per_device: 834.4,
      batch_per_device: 4,
    };
    const row = linearityOf([small, other], undefined).points[1];
    expect(row?.linearity_ratio).toBeGreaterThan(1.12);
    expect(row?.differs).toEqual(['model']);
  });

  it('takes a named job or a stored point as the baseline', () => {
    const named = linearityOf([small, large], { job: 'n4096' });
    expect(named.baseline?.job).toBe('n4096');
    expect(named.points[0]?.linearity_ratio).toBeCloseTo(741.67 / 636.66, 12);
    const stored = linearityOf([large], { devices: 8, tokens_per_s_per_device: 800 });
    expect(stored.baseline).toEqual({ job: null, devices: 8, tokens_per_s_per_device: 800 });
    expect(stored.points[0]?.linearity_ratio).toBeCloseTo(636.66 / 800, 12);
    expect(stored.points[0]?.differs).toEqual([]);
  });

  it('gives null and a reason for what is not known', () => {
    for (const definition of DEFINITIONS) {
      const blank = { ...small, job: 'blank', tokens_per_s_per_device: null, step_s: null };
      const row = linearityOf([small, blank], { job: 'n512' }, definition).points[1];
      expect(row?.linearity_ratio).toBeNull();
      expect(row?.reason).toMatch(/\S+ \S+/);
    }
    expect(linearityOf([], undefined)).toMatchObject({ baseline: null, points: [] });
    const lost = linearityOf([small], { job: 'nobody' });
    expect(lost).toMatchObject({ baseline: null, reason: expect.stringContaining('nobody') });
    expect(lost.points[0]?.linearity_ratio).toBeNull();
    const score = linearityOf([small, large], undefined, 'score');
    expect(score).toMatchObject({ baseline: null, reason: expect.stringContaining('score') });
  });

  it('takes the fastest of several runs at the smallest size', () => {
    const slower = { ...small, job: 'slower', tokens_per_s_per_device: 700 };
    expect(linearityOf([slower, large, small], undefined).baseline?.job).toBe('n512');
  });

  it('leaves the ratios alone when all rates are scaled alike', () => {
    const rate = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(rate, rate, fc.double({ min: 0.01, max: 100, noNaN: true }), (a, b, scale) => {
        const points = [
          { ...small, tokens_per_s_per_device: a },
          { ...large, tokens_per_s_per_device: b },
        ];
        const scaled = points.map((p) => ({
          ...p,
          tokens_per_s_per_device: p.tokens_per_s_per_device * scale,
        }));
        const ratio = linearityOf(points, undefined).points[1]?.linearity_ratio ?? Number.NaN;
        const other = linearityOf(scaled, undefined).points[1]?.linearity_ratio ?? Number.NaN;
        expect(other / ratio).toBeCloseTo(1, 9);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, quantile } from '../../../domain/statistics.ts';

describe('quantile', () => {
  it('has no value for an empty sample', () => {
    expect(median([])).toBeUndefined();
  });

  it('interpolates between the closest ranks', () => {
    const sample = [1, 2, 3, 4].map((value) => ({ value, count: 1 }));
    expect(median(sample)).toBe(2.5);
    expect(quantile(sample, 0.99)).toBeCloseTo(3.97, 12);
  });

  it('gives the same for a weighted value as for its repetitions', () => {
    const item = fc.record({
      value: fc.integer({ min: -1000, max: 1000 }),
      count: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (s, q) => {
          const repeated = s.flatMap(({ value, count }) =>
            Array.from({ length: count }, () => ({ value, count: 1 })),
          );
          expect(quantile(s, q)).toBeCloseTo(quantile(repeated, q) ?? Number.NaN, 9);
        },
      ),
    );
  });
});

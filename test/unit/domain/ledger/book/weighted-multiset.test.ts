import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WeightedMultiset } from '../../../../../domain/ledger/book/weighted-multiset.ts';
import { median } from '../../../../../domain/statistics.ts';

const item = fc.record({
  value: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.double({ min: 0, max: 40, noNaN: true })),
  count: fc.integer({ min: 1, max: 5 }),
});

describe('a weighted multiset', () => {
  it('has the median of the same sample, whatever was added and taken out again', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 60 }), fc.array(item, { maxLength: 60 }), (stay, go) => {
        const set = new WeightedMultiset();
        for (const { value, count } of [...go, ...stay]) set.add(value, count);
        for (const { value, count } of go) set.remove(value, count);
        expect(set.median()).toBe(median(stay));
        expect(set.total).toBe(stay.reduce((sum, { count }) => sum + count, 0));
      }),
    );
  });

  it('stays exact beyond one block', () => {
    const set = new WeightedMultiset();
    const sample = Array.from({ length: 5000 }, (_, index) => ({ value: (index * 7919) % 4999, count: 1 }));
    for (const { value, count } of sample) set.add(value, count);
    expect(set.median()).toBe(median(sample));
    for (const { value, count } of sample.slice(0, 4000)) set.remove(value, count);
    expect(set.median()).toBe(median(sample.slice(4000)));
  });

  it('refuses to take out what it does not hold', () => {
    const set = new WeightedMultiset();
    set.add(1, 2);
    expect(() => set.remove(2, 1)).toThrow(RangeError);
    expect(() => set.remove(1, 3)).toThrow(RangeError);
  });
});

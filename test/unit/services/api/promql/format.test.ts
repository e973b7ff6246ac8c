import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFloat, formatSeconds } from '../../../../../services/api/promql/format.ts';

describe('formatFloat', () => {
  it.each([
    [0, '0'],
    [-0, '-0'],
    [2, '2'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e21, '1000000000000000000000'],
    [-1.5e22, '-15000000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [123456789.125, '123456789.125'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ])('%d', (value, want) => {
    expect(formatFloat(value)).toBe(want);
  });

  it('reads back the same and never has an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        const text = formatFloat(value);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(value);
      }),
    );
  });
});

it('formatSeconds keeps milliseconds and no more', () => {
  expect([4000, 1500, 1_769_900_000_123, 1_769_900_000_120, 5, -1500, 0].map(formatSeconds)).toEqual([
    '4',
    '1.5',
    '1769900000.123',
    '1769900000.12',
    '0.005',
    '-1.5',
    '0',
  ]);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumber } from '../../../../../services/collector/decoders/sample-number.ts';

function read(text: string): number | undefined {
  const bytes = Buffer.from(text);
  const out = { value: 0, end: 0 };
  readNumber(bytes, 0, bytes.length, out);
  return out.end === bytes.length ? out.value : undefined;
}

describe('a number of a page', () => {
  it('is the nearest double of any decimal text', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.nat({ max: 20 }),
        (value, digits) => {
          const texts = [String(value), value.toExponential(), value.toPrecision(Math.max(digits, 1))];
          if (Math.abs(value) < 1e21) texts.push(value.toFixed(digits));
          for (const text of texts) {
            // Rounded up beyond the largest double: an error in Go, infinity in JS.
            expect(read(text)).toBe(Number.isFinite(Number(text)) ? Number(text) : undefined);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('is the nearest double of integers beyond 2^53', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value) => {
        expect(read(String(value))).toBe(Number(String(value)));
      }),
    );
    expect(read('9223372036854775794')).toBe(2 ** 63);
  });

  it.each([
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['NaN', Number.NaN],
    ['-0', -0],
    ['.5', 0.5],
    ['5.', 5],
    ['+1E+2', 100],
    ['1e-400', 0],
    ['000000000000000000000001', 1],
  ])('reads %s as Go does', (text, value) => {
    expect(read(text)).toBe(value);
  });

  it.each(['', '+', '.', '1e', '1e400', '-1e999', '0x10', '1_000', 'inf1', '1.2.3', '--1', '1,5', '1e5.5'])(
    'refuses %j, as Go does',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );
});

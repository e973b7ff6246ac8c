import { describe, expect, it } from 'vitest';
import { Problem } from '../../../../services/api/problem.ts';
import { rangeFromQuery, timeFromText } from '../../../../services/api/time-range.ts';

const NOW = 1_750_000_000_000_000;

describe('times in requests', () => {
  it.each([
    ['now', NOW],
    ['now-6h', NOW - 6 * 3600e6],
    ['1750000000', 1_750_000_000_000_000],
    ['1750000000.5', 1_750_000_000_500_000],
    ['1750000000000', 1_750_000_000_000_000],
    ['1750000000000000', 1_750_000_000_000_000],
    ['2025-06-15T15:06:40Z', 1_750_000_000_000_000],
  ])('reads %s', (text, expected) => {
    expect(timeFromText('from', text, NOW)).toBe(expected);
  });

  it('names the parameter it cannot read, and refuses an empty range', () => {
    expect(() => timeFromText('to', 'yesterday', NOW)).toThrow(/to=yesterday is not a time/);
    expect(() => timeFromText('to', '100000000000000000000', NOW)).toThrow(/is not a time/);
    expect(() => timeFromText('to', '2027-13-45', NOW)).toThrow(/is not a time/);
    expect(() => rangeFromQuery({ from: 'now', to: 'now-1h' }, NOW)).toThrow(Problem);
  });
});

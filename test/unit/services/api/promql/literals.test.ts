import { describe, expect, it } from 'vitest';
import {
  durationMs,
  durationOrSecondsMs,
  numberOf,
  unquote,
} from '../../../../../services/api/promql/literals.ts';

it('reads durations', () => {
  const texts = ['15s', '1m', '1h30m', '1d', '2w', '1y', '250ms', '1m5ms'];
  expect(texts.map(durationMs)).toEqual([
    15_000, 60_000, 5_400_000, 86_400_000, 1_209_600_000, 31_536_000_000, 250, 60_005,
  ]);
  for (const text of ['', '15', '1.5m', 's', '1m1h', '5 m', '-5m']) expect(durationMs(text), text).toBeNull();
  expect(['5', '1.5', '2m'].map(durationOrSecondsMs)).toEqual([5000, 1500, 120_000]);
});

it('reads numbers', () => {
  const texts = ['1', '.5', '1e3', '0x1F', '010', '089', '1_000', 'Inf', 'NaN', '1h'];
  expect(texts.map(numberOf)).toEqual([
    1,
    0.5,
    1000,
    31,
    8,
    89,
    1000,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    3600,
  ]);
  expect(() => numberOf('1x')).toThrow(/error parsing number/);
});

describe('unquote', () => {
  it.each([
    ['"a"', 'a'],
    ['\'it "is"\'', 'it "is"'],
    ['`raw\\n\nline`', 'raw\\n\nline'],
    ['"\\n\\t\\\\\\""', '\n\t\\"'],
    ["'\\''", "'"],
    ['"\\x41\\101\\u00fc\\U0001F600"', 'AAü😀'],
    ['"\\xc3\\xbc"', 'ü'],
  ])('%s', (text, want) => {
    expect(unquote(text)).toBe(want);
  });

  it.each(['"a', 'a"', '"', '"\\q"', '"\\\'"', '"a\nb"', '"\\x4"', '"\\400"'])('refuses %j', (text) => {
    expect(() => unquote(text)).toThrow(expect.objectContaining({ type: 'bad_data' }));
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { labelsOf } from '../../../../../services/api/promql/labels.ts';
import type { SeriesData } from '../../../../../services/api/promql/series-source.ts';
import { InstantCursor, WindowCursor } from '../../../../../services/api/promql/window.ts';

const seriesOf = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 30 }).chain((times) =>
  fc.record({
    times: fc.constant(times.sort((a, b) => a - b)),
    ends: fc.uniqueArray(fc.nat({ max: Math.max(0, times.length - 1) })),
  }),
);
const forward = fc
  .array(fc.integer({ min: -50, max: 500 }), { maxLength: 30 })
  .map((times) => times.sort((a, b) => a - b));

function dataOf({ times, ends }: { times: number[]; ends: number[] }): SeriesData {
  return {
    labels: labelsOf({ a: 'b' }),
    ts_ms: times,
    values: times.map((time) => time * 2),
    ends: new Set(ends),
  };
}

it('an instant cursor answers as a search from the start would', () => {
  fc.assert(
    fc.property(seriesOf, forward, fc.nat({ max: 100 }), (series, asked, lookback) => {
      const data = dataOf(series);
      const cursor = new InstantCursor(data, lookback);
      for (const time of asked) {
        const newest = series.times.findLastIndex((own) => own <= time);
        const found =
          newest >= 0 && (series.times[newest] ?? 0) >= time - lookback && !data.ends?.has(newest);
        expect(cursor.at(time)).toBe(found ? newest : -1);
      }
    }),
  );
});

it('a window cursor holds what lies in the window, both ends included, without ends of the series', () => {
  fc.assert(
    fc.property(seriesOf, forward, fc.nat({ max: 200 }), (series, asked, width) => {
      const data = dataOf(series);
      const cursor = new WindowCursor(data);
      for (const end of asked) {
        const window = cursor.at(end - width, end);
        const got = Array.from(window.ts_ms).slice(window.from, window.to);
        const want = series.times.filter(
          (time, index) => time >= end - width && time <= end && !data.ends?.has(index),
        );
        expect(got).toEqual(want);
      }
    }),
  );
});

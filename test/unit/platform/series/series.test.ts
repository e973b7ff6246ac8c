import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeriesEncoder, type SeriesPoint } from '../../../../platform/series/series-encoder.ts';
import { seriesId } from '../../../../platform/series/series-id.ts';

const point = (
  name: string,
  labels: Record<string, string>,
  value: SeriesPoint['value'] = 1,
): SeriesPoint => ({
  name,
  labels,
  ts_ms: 1_700_000_000_000,
  value,
});

describe('series ids', () => {
  it('do not depend on the order of labels', () => {
    expect(seriesId('up', { a: '1', b: '2' })).toBe(seriesId('up', { b: '2', a: '1' }));
  });

  it('are the same in every version: stored values are found by them', () => {
    expect(seriesId('up', { job: 'dcgm', instance: 'node1:9400' })).toBe(15028149723117009764n);
  });

  it('differ when name or labels differ, however their texts run together', () => {
    const labels = fc.dictionary(fc.string({ minLength: 1 }), fc.string());
    const series = fc.tuple(fc.string(), labels);
    const textOf = ([name, own]: [string, Record<string, string>]) =>
      JSON.stringify([name, Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1))]);
    fc.assert(
      fc.property(series, series, (one, other) => {
        expect(seriesId(...one) === seriesId(...other)).toBe(textOf(one) === textOf(other));
      }),
    );
    expect(seriesId('a', { b: 'c","d' })).not.toBe(seriesId('a', { b: 'c', d: '' }));
  });
});

describe('the series encoder', () => {
  it('sends a series with its first value, and again until that was confirmed', () => {
    const encoder = createSeriesEncoder();
    const points = [point('up', {}), point('up', {}), point('up', { a: '1' })];
    expect(encoder.encode(points, 1n)).toMatchObject({ series_rows: 2, points_rows: 3 });
    const sent = encoder.encode(points, 2n);
    expect(sent.series_rows).toBe(2);
    sent.confirm();
    expect(encoder.encode(points, 3n)).toMatchObject({ series: null, series_rows: 0, points_rows: 3 });
    expect(encoder.encode([...points, point('new', {})], 4n).series_rows).toBe(1);
  });

  it('writes id, milliseconds, value and version, and the marker that ends a series bit by bit', () => {
    const { points } = createSeriesEncoder().encode([point('up', {}, 'stale'), point('up', {}, 2.5)], 9n);
    const view = new DataView(points.buffer, points.byteOffset);
    expect(points.length).toBe(64);
    expect(view.getBigUint64(0, true)).toBe(seriesId('up', {}));
    expect(view.getBigInt64(8, true)).toBe(1_700_000_000_000n);
    expect(view.getBigUint64(16, true)).toBe(0x7ff0000000000002n);
    expect(view.getBigUint64(24, true)).toBe(9n);
    expect(view.getFloat64(32 + 16, true)).toBe(2.5);
  });

  it('forgets at its limit and then sends again', () => {
    const encoder = createSeriesEncoder({ series_remembered_max: 2 });
    encoder.encode([point('a', {}), point('b', {})], 1n).confirm();
    expect(encoder.encode([point('a', {})], 2n).series_rows).toBe(0);
    encoder.encode([point('c', {})], 3n).confirm();
    expect(encoder.encode([point('a', {})], 4n).series_rows).toBe(1);
  });
});

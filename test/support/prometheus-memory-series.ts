import { labelsOf, labelValue } from '../../services/api/promql/labels.ts';
import { passes } from '../../services/api/promql/matcher.ts';
import type { SeriesData, SeriesSource } from '../../services/api/promql/series-source.ts';
import type { WrittenSeries } from './prometheus-remote-write.ts';

/** Series held in arrays, for tests of the evaluation without a store. */
export function createMemorySource(written: readonly WrittenSeries[]): SeriesSource {
  const all = written.map((series) => ({
    series,
    labels: labelsOf({ ...series.labels, __name__: series.name }),
  }));
  const refuse = () => Promise.reject(new Error('the memory source answers select alone'));
  return {
    async select(matchers, from_ms, to_ms) {
      return all.flatMap(({ series, labels }): SeriesData[] => {
        if (!matchers.every((matcher) => passes(matcher, labelValue(labels, matcher.name)))) return [];
        const samples = series.samples.filter(({ ts_ms }) => ts_ms >= from_ms && ts_ms <= to_ms);
        if (samples.length === 0) return [];
        const ends = new Set(samples.flatMap(({ value }, index) => (value === 'stale' ? [index] : [])));
        const values = samples.map(({ value }) => (value === 'stale' ? Number.NaN : value));
        return [
          { labels, ts_ms: samples.map(({ ts_ms }) => ts_ms), values, ends: ends.size === 0 ? null : ends },
        ];
      });
    },
    series: refuse,
    labelNames: refuse,
    labelValues: refuse,
  };
}

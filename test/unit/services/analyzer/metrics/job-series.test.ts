import { describe, expect, it } from 'vitest';
import {
  type JobSeries,
  NOTHING_WRITTEN,
  pointsAt,
  resumedSeries,
} from '../../../../../services/analyzer/metrics/job-series.ts';
import type { MetricSample } from '../../../../../services/analyzer/metrics/metric-sample.ts';

function state(...states: string[]): MetricSample[] {
  return states.map((state) => ({ name: 'headway_job_state', labels: { job: 'a', state }, value: 1 }));
}

/** Time, state and value of each point, as text. */
function written(series: JobSeries, times: readonly [number, MetricSample[]][]) {
  const points: string[] = [];
  let next = series;
  for (const [ts_ms, samples] of times) {
    const result = pointsAt(next, ts_ms, samples);
    points.push(...result.points.map(({ ts_ms, labels, value }) => `${ts_ms} ${labels['state']} ${value}`));
    next = result.series;
  }
  return { points, series: next };
}

describe('pointsAt', () => {
  it('ends a series once, when it goes away', () => {
    const { points } = written(NOTHING_WRITTEN, [
      [1, state('running')],
      [2, state('hang')],
      [3, state('hang')],
      [4, []],
    ]);
    expect(points).toEqual(['1 running 1', '2 hang 1', '2 running stale', '3 hang 1', '4 hang stale']);
  });

  it('ends, at a time written before, whatever an earlier revision may have said', () => {
    const first = written(NOTHING_WRITTEN, [
      [1, state('running')],
      [2, state('hang')],
      [3, state('hang')],
    ]);
    const revised = written(first.series, [
      [2, state('running')],
      [3, state('running')],
      [4, state('running')],
    ]);
    expect(revised.points).toEqual([
      '2 running 1',
      '2 hang stale',
      '3 running 1',
      '3 hang stale',
      '4 running 1',
    ]);
    expect(revised.series.written_ms).toEqual([1, 2, 3, 4]);
  });

  it('takes everything an earlier process wrote for alive', () => {
    const known = [{ name: 'headway_job_state', labels: { job: 'a', state: 'hang' } }];
    const { points } = written(resumedSeries(known, [5, 3]), [[6, state('running')]]);
    expect(points).toEqual(['6 running 1', '6 hang stale']);
  });
});

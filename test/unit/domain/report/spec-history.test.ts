import { describe, expect, it } from 'vitest';
import { specHistory } from '../../../../domain/report/spec-history.ts';
import { llamaSpec, START_US } from '../../../support/training-events.ts';

describe('specHistory', () => {
  it('merges by time, whatever the order of arrival: the later one overrides what it names', () => {
    const later = { type: 'job', job: 'a', dtype: 'fp8', labels: { b: 2 }, time_us: START_US + 1 } as const;
    const { merged, version, changed_at_us } = specHistory([later, llamaSpec({ labels: { a: 1 } })]);
    expect(merged).toMatchObject({ dtype: 'fp8', model: 'llama3-8b', labels: { a: 1, b: 2 } });
    expect({ version, changed_at_us }).toEqual({ version: 2, changed_at_us: START_US + 1 });
  });

  it('takes a first value for the whole run, and a repeated spec for no change', () => {
    const more = { type: 'job', job: 'a', recompute: 'full', time_us: START_US + 5 } as const;
    const again = llamaSpec({ time_us: START_US + 9 });
    expect(specHistory([llamaSpec(), more, again])).toMatchObject({ version: 2, changed_at_us: undefined });
  });

  it('is empty without a job event', () => {
    expect(specHistory([])).toEqual({ merged: {}, version: 0, changed_at_us: undefined });
  });
});

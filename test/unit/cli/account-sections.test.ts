import { describe, expect, it } from 'vitest';
import { computeRows, computeTable, computeText } from '../../../cli/report-sections/effective-compute.ts';
import { lossesTable, lossesText } from '../../../cli/report-sections/losses.ts';
import { ratiosTable, ratiosText } from '../../../cli/report-sections/ratios.ts';
import { slowTimeTable, slowTimeText } from '../../../cli/report-sections/slow-time.ts';
import type { JobEvent, JobScopedEvent } from '../../../domain/events.ts';
import { jobReport } from '../../../domain/report/job-report.ts';
import { attempt, endOf, llamaSpec } from '../../support/training-events.ts';

const again = attempt({ attempt: 2, start_us: endOf() + 30e6, first: 9, steps: 40 });
const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(), cause: 'oom', node: 'n1' } as const;
const reportOf = (spec: JobEvent | undefined) => {
  const told: JobScopedEvent[] = spec === undefined ? [] : [spec];
  return jobReport([...told, ...attempt(), fail, ...again], { job: 'a' });
};
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

describe('the waterfall from paid to kept FLOPs', () => {
  it('ends with what became FLOPs, and its shares add up to all', () => {
    const report = reportOf(llamaSpec());
    const rows = computeRows(report);
    expect(rows.at(-1)?.label).toBe('kept model FLOPs');
    expect(rows.at(-1)?.share).toBeCloseTo(report.effective_compute.effective_compute_ratio ?? 0, 12);
    expect(sum(rows.map(({ share }) => share))).toBeCloseTo(1, 12);
    expect(computeTable(report).rows).toHaveLength(rows.length);
    expect(computeText(report)).toMatch(/Effective compute .* % of peak/);
  });

  it('ends at the ideal step time without a model, and says why', () => {
    const report = reportOf(undefined);
    expect(computeRows(report).at(-1)?.label).toBe('at ideal step time');
    expect(computeText(report)).toMatch(/unknown: no model/);
  });

  it('draws steps faster than ideal as something given', () => {
    const report = reportOf(llamaSpec({ ideal_step_s: 4 }));
    const given = computeRows(report).find(({ label }) => label === 'above ideal step time');
    expect(given?.share).toBeLessThan(0);
    expect(sum(computeRows(report).map(({ share }) => share))).toBeCloseTo(1, 12);
    expect(computeText(report)).toContain('above ideal step time');
  });

  it('says nothing of a job that has not begun', () => {
    const report = jobReport([llamaSpec()], { job: 'a' });
    expect([computeText(report), lossesText(report), slowTimeText(report)]).toEqual(['', '', '']);
    expect(ratiosText(report)).toBe('');
  });
});

describe('losses, ratios and slow time in words', () => {
  it('name cause, domain, place and how often', () => {
    const report = reportOf(llamaSpec());
    expect(lossesText(report)).toMatch(/incidents: 1 explicit/);
    expect(lossesText(report)).toMatch(/out_of_memory .*device-h +once, software, node n1/);
    expect(lossesTable(report).rows[0]).toEqual([
      'out_of_memory',
      '29.3 %',
      expect.stringContaining('device-h'),
      '1',
      'software',
      'node n1',
      'fail',
    ]);
  });

  it('say of every ratio what it is of, or why it is not known', () => {
    const report = reportOf(undefined);
    expect(ratiosText(report)).toMatch(/goodput_runtime +64\.0 % +of seconds/);
    const mpg = ratiosTable(report).rows.find(([name]) => name === 'mpg');
    expect(mpg?.[1]).toMatch(/^unknown: no model/);
  });

  it('tell slow time only where there is some', () => {
    expect(slowTimeText(reportOf(llamaSpec()))).toBe('');
    const slow = reportOf(llamaSpec({ ideal_step_s: 1.5 }));
    expect(slowTimeText(slow)).toMatch(/24\.0 s above the ideal, which is 75\.0 % .*unknown 24\.0 s/);
    expect(slowTimeTable(slow).rows.at(-1)).toEqual(['Productive', '96.0 s']);
  });
});

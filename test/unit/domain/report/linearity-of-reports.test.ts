import { describe, expect, it } from 'vitest';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { linearityOfReports } from '../../../../domain/report/linearity-of-reports.ts';
import { attempt, llamaSpec } from '../../../support/training-events.ts';

function run(job: string, devices: number, step_s: number, more: Parameters<typeof llamaSpec>[0] = {}) {
  const events = [llamaSpec({ job, device_count: devices, ...more }), ...attempt({ job, devices, step_s })];
  return jobReport(events, { job });
}

describe('linearityOfReports', () => {
  it('compares tokens per second and device with the smallest run', () => {
    const { baseline, points } = linearityOfReports([run('large', 16, 1.25), run('small', 8, 2)], 'tokens');
    expect(baseline).toMatchObject({ job: 'small', devices: 8 });
    expect(points.map(({ job, linearity_ratio }) => [job, linearity_ratio])).toEqual([
      ['small', 1],
      ['large', 0.8],
    ]);
  });

  it('flags what differs: batch per device here, and another model', () => {
    const other = run('large', 16, 1.25, { model: 'mixtral-8x7b' });
    const { points } = linearityOfReports([run('small', 8, 2), other], 'tokens');
    expect(points[1]?.differs).toEqual(expect.arrayContaining(['model', 'batch_per_device']));
  });

  it('takes the baseline that a specification names, when it is among them', () => {
    const large = run('large', 16, 1.25, { baseline: { job: 'middle' } });
    const jobs = [run('small', 8, 2), run('middle', 12, 2), large];
    expect(linearityOfReports(jobs, 'tokens').baseline?.job).toBe('middle');
    expect(linearityOfReports([run('small', 8, 2), large], 'tokens').baseline?.job).toBe('small');
  });

  it('takes a stored point', () => {
    const stored = { devices: 8, tokens_per_s_per_device: 8192 };
    const { points } = linearityOfReports([run('small', 8, 2)], 'tokens', stored);
    expect(points[0]?.linearity_ratio).toBe(0.5);
  });
});

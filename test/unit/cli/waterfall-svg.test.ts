import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { reportOfJob } from '../../../cli/job-source.ts';
import { reportHtml } from '../../../cli/report-html.ts';
import { waterfallSteps } from '../../../cli/waterfall-steps.ts';
import { waterfallSvg } from '../../../cli/waterfall-svg.ts';
import type { JobReport } from '../../../domain/report/report-shape.ts';

const RESTART = join(import.meta.dirname, '../../../docs/examples/restart.ndjson');

describe('the drawn waterfall', () => {
  let report: JobReport;
  beforeAll(async () => {
    report = await reportOfJob(RESTART, {});
  });

  it('goes from everything paid to what was kept, each step from where the one before ended', () => {
    const steps = waterfallSteps(report);
    expect(steps.map(({ label }) => label)).toEqual([
      'Paid',
      'Down or hanging',
      'Work not kept',
      'Start, save, eval, data',
      'Not model FLOPs',
      'Kept model FLOPs',
    ]);
    const losses = steps.slice(1, -1);
    for (const [index, { from }] of losses.entries()) {
      expect(from).toBeCloseTo(index === 0 ? 1 : (losses[index - 1]?.to ?? Number.NaN), 12);
    }
    expect(steps.at(-1)?.share).toBeCloseTo(
      report.effective_compute.effective_compute_ratio ?? Number.NaN,
      9,
    );
    const down = steps[1];
    expect(down?.amount).toBe('0.889 device-h');
    expect(down?.details).toContain('xid:79 on gpu-2 GPU-5f1d: 0.889 device-h');
  });

  it('is one picture with a bar a step and the words beside it', () => {
    const svg = waterfallSvg(waterfallSteps(report));
    expect(svg.match(/<rect /g)).toHaveLength(6);
    expect(svg).toContain('38.3 %, 3.23 device-h');
    expect(svg).toMatch(
      /^<svg [^>]*role="img" aria-label="Of everything paid, 18\.0 % became kept model flops/,
    );
    expect(svg).not.toMatch(/NaN|undefined|width="-/);
  });

  it('draws what gives instead of taking the other way, inside the picture', () => {
    const factor = report.effective_compute.factors.find((one) => one.factor === 'ideal_step_time');
    if (factor === undefined) throw new Error('there is no such factor');
    const factors = [{ ...factor, removed_share: -0.25, removed_device_s: -7576, parts: {} }];
    const faster = { ...report, effective_compute: { ...report.effective_compute, factors } };
    const steps = waterfallSteps(faster);
    expect(steps[1]).toMatchObject({ kind: 'gain', from: 1, to: 1.25 });
    const svg = waterfallSvg(steps);
    for (const [, x, width] of svg.matchAll(/<rect [^>]*x="([\d.]+)"[^>]*width="([\d.]+)"/g)) {
      expect(Number(x) + Number(width)).toBeLessThanOrEqual(632.1);
    }
  });

  it('is left out where nothing is known, and text of a log cannot become markup', () => {
    const unknown = {
      ...report,
      effective_compute: { ...report.effective_compute, paid_device_s: null, factors: [] },
    };
    expect(waterfallSvg(waterfallSteps(unknown))).toBe('');
    expect(reportHtml(unknown)).not.toContain('<svg');
    const [worst] = report.losses;
    if (worst === undefined) throw new Error('nothing was lost');
    const named = { ...report, losses: [{ ...worst, cause: '<script>alert(1)</script>' }] };
    expect(reportHtml(named)).not.toContain('<script');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobEvent, JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import type { JobReport } from '../../../../domain/report/report-shape.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../support/training-events.ts';
import { anyEvents, JOB } from '../ledger/nasty-events.ts';

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((all, value) => all + (value ?? Number.NaN), 0);

/** The identity: factors multiply, and what they take away adds up, to what is kept of what was paid. */
function expectTelescopes({ effective_compute, ledger }: JobReport): void {
  const { factors, paid_device_s, kept_flops, peak_flops, effective_compute_ratio } = effective_compute;
  if (paid_device_s === null || kept_flops === null || peak_flops === null) return;
  if (effective_compute_ratio === null) return;
  const direct = kept_flops / (paid_device_s * peak_flops);
  const taken = sum(factors.map(({ removed_device_s }) => removed_device_s));
  const scale = Math.max(paid_device_s, kept_flops / peak_flops);
  expect(Math.abs(taken + kept_flops / peak_flops - paid_device_s)).toBeLessThan(1e-9 * scale);
  const isDivided = factors.every(({ ratio, is_known }) => ratio !== 0 || is_known);
  const product = factors.reduce((value, { ratio }) => value * (ratio ?? Number.NaN), 1);
  // a product of factors of which one is nothing is nothing
  if (isDivided && product !== 0) {
    expect(Math.abs(product / direct - 1)).toBeLessThan(1e-9);
    expect(effective_compute_ratio).toBe(product);
  }
  const held = sum(Object.values(ledger.device_seconds));
  expect(paid_device_s).toBeGreaterThanOrEqual(held - 1e-6);
}

const again = attempt({ attempt: 2, start_us: endOf() + 30e6, first: 9, steps: 40 });
const failed = [
  ...attempt(),
  { type: 'fail', job: 'a', attempt: 1, time_us: endOf(), cause: 'xid:79' } as const,
  ...again,
];
const ratioOf = (report: JobReport, name: string) =>
  report.effective_compute.factors.find(({ factor }) => factor === name);

describe('effective compute', () => {
  it('goes from paid device-seconds to kept FLOPs in the order of the design', () => {
    const report = jobReport([llamaSpec(), ...failed], { job: 'a' });
    const { factors, effective_compute_ratio, paid_device_s } = report.effective_compute;
    expect(factors.map(({ factor }) => factor)).toEqual([
      'excluded',
      'scheduled',
      'running',
      'kept',
      'unblocked',
      'other',
      'counted',
      'ideal_step_time',
      'linearity',
      'baseline_mfu',
    ]);
    // 150 s of 8 devices: 20 s of starts, 30 s down, 4 s lost, 96 s kept at the MFU of the steps
    expect(paid_device_s).toBe(150 * 8);
    expect(factors.map(({ removed_device_s }) => (removed_device_s ?? 0) / 8).slice(0, 8)).toEqual([
      0, 0, 30, 4, 20, 0, 0, 0,
    ]);
    expect(effective_compute_ratio).toBeCloseTo((report.mfu_ratio?.mm_causal ?? 0) * (96 / 150), 12);
    expectTelescopes(report);
  });

  it('charges the queue before the start, and an exclusion, each to its factor', () => {
    const queue = {
      type: 'span',
      job: 'a',
      kind: 'queue',
      start_us: START_US - 50e6,
      end_us: START_US,
    } as const;
    const exclude = {
      type: 'exclude',
      job: 'a',
      start_us: endOf() + 10e6,
      end_us: endOf() + 20e6,
      reason: 'x',
    } as const;
    const report = jobReport([llamaSpec(), queue, exclude, ...failed], { job: 'a' });
    expect(ratioOf(report, 'scheduled')).toMatchObject({ removed_device_s: 400, parts: { queue: 400 } });
    expect(ratioOf(report, 'excluded')).toMatchObject({ removed_device_s: 80 });
    expect(ratioOf(report, 'running')).toMatchObject({ removed_device_s: 160 });
    expectTelescopes(report);
  });

  it('tells scaling from the baseline’s MFU where a baseline is named', () => {
    const baseline = { devices: 8, tokens_per_s_per_device: 4096 * 1.25 };
    const report = jobReport([llamaSpec({ baseline }), ...failed], { job: 'a' });
    expect(ratioOf(report, 'linearity')).toMatchObject({ is_known: true, source: 'baseline' });
    expect(ratioOf(report, 'linearity')?.ratio).toBeCloseTo(0.8, 12);
    expect(ratioOf(report, 'baseline_mfu')?.ratio).toBeCloseTo((report.mfu_ratio?.mm_causal ?? 0) * 1.25, 12);
    expectTelescopes(report);
    const faster = { devices: 8, tokens_per_s_per_device: 2048 };
    const above = jobReport([llamaSpec({ baseline: faster }), ...failed], { job: 'a' });
    expect(ratioOf(above, 'linearity')?.ratio).toBeCloseTo(2, 12);
    expectTelescopes(above);
  });

  it('shows steps faster than ideal as a factor above 1', () => {
    const spec = { ...llamaSpec(), ideal_step_s: 2.2 } as JobEvent;
    const report = jobReport([spec, ...failed], { job: 'a' });
    expect(ratioOf(report, 'ideal_step_time')?.ratio).toBeCloseTo(1.1, 12);
    expect(ratioOf(report, 'ideal_step_time')?.removed_device_s).toBeLessThan(0);
    expectTelescopes(report);
  });

  it('goes as far as the ideal step time without a model, and says why no further', () => {
    const report = jobReport(failed, { job: 'a' });
    const { effective_compute_ratio, factors } = report.effective_compute;
    expect(effective_compute_ratio).toBeNull();
    expect(report.quality.reasons['effective_compute']).toMatch(/model/);
    const known = factors.filter(({ ratio }) => ratio !== null);
    const product = known.reduce((value, { ratio }) => value * (ratio ?? 0), 1);
    expect(product).toBeCloseTo(96 / 150, 12);
  });

  it('has steps whose FLOPs nobody knows in a factor of their own', () => {
    const warm = attempt({ steps: 5, fields: { kind: 'warmup' } });
    const report = jobReport(
      [llamaSpec(), ...warm, ...attempt({ start_us: START_US + 10e6, first: 6 }).slice(1)],
      {
        job: 'a',
      },
    );
    expect(ratioOf(report, 'counted')?.removed_device_s).toBe(80);
    expectTelescopes(report);
  });

  it('is nothing in a window inside an outage, and never unknown there', () => {
    const range = { from_us: endOf() + 5e6, to_us: endOf() + 15e6 };
    const { effective_compute } = jobReport([llamaSpec(), ...failed], { job: 'a', ...range });
    expect(effective_compute.effective_compute_ratio).toBe(0);
  });

  it('adds up over windows', () => {
    const events = [llamaSpec(), ...failed];
    const cuts = [0, 7, 21.5, 35.123457, 66, 99.999999, 150].map((s) => START_US + Math.round(s * 1e6));
    const parts = cuts.slice(1).map((to_us, index) => {
      const report = jobReport(events, { job: 'a', from_us: cuts[index], to_us });
      expectTelescopes(report);
      return report.effective_compute;
    });
    const whole = jobReport(events, { job: 'a' }).effective_compute;
    expect(sum(parts.map(({ paid_device_s }) => paid_device_s))).toBeCloseTo(whole.paid_device_s ?? 0, 6);
    const flops = sum(parts.map(({ kept_flops }) => kept_flops));
    expect(Math.abs(flops / (whole.kept_flops ?? 0) - 1)).toBeLessThan(1e-9);
  });

  it('adds up over windows with slow time and losses, whatever the events', () => {
    const spec: JobEvent = { ...llamaSpec({ ideal_step_s: 1.5 }), job: JOB };
    fc.assert(
      fc.property(anyEvents, fc.integer({ min: 0, max: 60_000_000 }), (events, cut_us) => {
        const told = [spec, ...events.filter(({ type }) => type !== 'job')] as JobScopedEvent[];
        const whole = jobReport(told, { job: JOB });
        const { from_us, to_us } = whole.ledger;
        if (cut_us <= from_us || cut_us >= to_us) return;
        const parts = [{ to_us: cut_us }, { from_us: cut_us }].map((range) =>
          jobReport(told, { job: JOB, ...range }),
        );
        const seconds = (of: (report: JobReport) => number) => {
          expect(sum(parts.map(of))).toBeCloseTo(of(whole), 5);
        };
        seconds(({ slow_time }) => slow_time.seconds.ideal);
        seconds(({ slow_time }) => slow_time.seconds.excess);
        seconds(({ slow_time }) => slow_time.device_seconds?.excess ?? 0);
        seconds(({ losses }) => sum(losses.map(({ wall_s }) => wall_s)));
        const flops = ({ effective_compute }: JobReport) => (effective_compute.kept_flops ?? 0) / 1e15;
        seconds(flops);
      }),
      { numRuns: 150 },
    );
  });

  it('telescopes, whatever the events', () => {
    const spec: JobEvent = { ...llamaSpec(), job: JOB };
    fc.assert(
      fc.property(anyEvents, fc.boolean(), (events, hasBaseline) => {
        const baseline = { devices: 8, tokens_per_s_per_device: 10 };
        const told: JobEvent = hasBaseline ? { ...spec, baseline } : spec;
        const own = events.filter(({ type }) => type !== 'job') as JobScopedEvent[];
        const report = jobReport([told, ...own], { job: JOB });
        expectTelescopes(report);
        const { seconds } = report.slow_time;
        expect(seconds.productive).toBeCloseTo(report.ledger.buckets_s.productive ?? 0, 6);
        expect(seconds.ideal + seconds.excess + seconds.unjudged).toBeCloseTo(seconds.productive, 6);
      }),
      { numRuns: 200 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { jobReport, reportLedger } from '../../../../domain/report/job-report.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../support/training-events.ts';

const FLOPS_PER_TOKEN = 51_470_401_536; // llama3-8b at 8192 tokens, mm_causal: 6 x 7504658432 + 3 x A x T
const PEAK = 989e12;

describe('jobReport', () => {
  it('joins kept steps with model and peak: MFU is on step time, not on wall-clock', () => {
    const report = jobReport([llamaSpec(), ...attempt({ startup_s: 1000, step_s: 2 })], { job: 'a' });
    expect(report.step_s).toEqual({ median: 2, p99: 2, first: 2 });
    expect(report.tokens_per_s).toBe(65_536 / 2);
    expect(report.tokens_per_s_per_device).toBe(65_536 / 2 / 8);
    expect(report.mfu_ratio?.mm_causal).toBeCloseTo((FLOPS_PER_TOKEN * 4096) / PEAK, 12);
    expect(report.tflops_per_device?.mm_causal).toBeCloseTo((FLOPS_PER_TOKEN * 4096) / 1e12, 9);
    expect(report.model?.parameters).toBe(8_030_261_248);
    expect(report.hfu_ratio).toBeNull();
    expect(report.quality.reasons['hfu_ratio']).toMatch(/recompute/);
  });

  it('takes blocking spans out of the step they cut, and leaves others in', () => {
    const span = { type: 'span', job: 'a', attempt: 1, kind: 'ckpt_save' } as const;
    const inStep = { start_us: START_US + 10_500_000, end_us: START_US + 11_500_000 };
    const events = [llamaSpec(), ...attempt({ steps: 1 })];
    expect(jobReport([...events, { ...span, ...inStep }], { job: 'a' }).step_s.first).toBe(1);
    expect(jobReport([...events, { ...span, ...inStep, blocking: false }], { job: 'a' }).step_s.first).toBe(
      2,
    );
  });

  it('lets a line that averages steps stand for all of them', () => {
    const events = [
      ...attempt({ steps: 1 }),
      {
        type: 'step',
        job: 'a',
        attempt: 1,
        step: 11,
        count: 10,
        start_us: START_US + 12e6,
        end_us: START_US + 52e6,
      } as const,
    ];
    const report = jobReport(events, { job: 'a' });
    expect(report.steps).toBe(11);
    expect(report.step_s.median).toBe(4);
  });

  it('prefers the tokens of the step, then of the job, then batch times sequence', () => {
    const batch = { sequence_length: 100, global_batch_sequences: 8 };
    const base = { type: 'job', job: 'a', time_us: START_US } as const;
    const rate = (events: Parameters<typeof jobReport>[0]) => jobReport(events, { job: 'a' }).tokens_per_s;
    expect(rate([{ ...base, ...batch }, ...attempt()])).toBe(400);
    expect(rate([{ ...base, ...batch, tokens_per_step: 1000 }, ...attempt()])).toBe(500);
    expect(rate([{ ...base, ...batch }, ...attempt({ fields: { tokens: 10 } })])).toBe(5);
    expect(rate(attempt())).toBeNull();
  });

  it('rejects steps faster than the device can be, and counts them', () => {
    const fast = {
      type: 'step',
      job: 'a',
      attempt: 1,
      step: 11,
      start_us: endOf(),
      end_us: endOf() + 1000,
    } as const;
    const report = jobReport([llamaSpec(), ...attempt(), fast], { job: 'a' });
    expect(report.quality.steps_above_peak).toBe(1);
    expect(report.step_s.median).toBe(2);
    expect(report.steps).toBe(11);
    expect(report.quality.reasons['steps_above_peak']).toMatch(/above the peak/);
  });

  it('leaves steps that nobody measured out of rates, but not out of steps and time', () => {
    const gap = {
      type: 'step',
      job: 'a',
      attempt: 1,
      step: 110,
      count: 100,
      start_us: endOf(),
      end_us: endOf() + 900e6,
    } as const;
    const report = jobReport([llamaSpec(), ...attempt(), { ...gap, labels: { unlogged: true } }], {
      job: 'a',
    });
    expect(report.steps).toBe(110);
    expect(report.step_s.p99).toBe(2);
    expect(report.ledger.buckets_s.productive).toBe(920);
  });

  it('says why what it does not know is null', () => {
    const { mfu_ratio, tokens_per_s_per_device, devices, quality } = jobReport(
      attempt().map((event) =>
        event.type === 'attempt_start'
          ? { type: 'attempt_start' as const, job: 'a', attempt: 1, time_us: event.time_us }
          : event,
      ),
      { job: 'a' },
    );
    expect([mfu_ratio, tokens_per_s_per_device, devices]).toEqual([null, null, null]);
    expect(Object.keys(quality.reasons)).toEqual(
      expect.arrayContaining(['model', 'hardware', 'devices', 'tokens_per_s']),
    );
  });

  it('has no peak for an unknown device, and takes the one the framework printed', () => {
    const unknown = jobReport([llamaSpec({ hardware: 'Frobnicator 9' }), ...attempt()], { job: 'a' });
    expect(unknown.mfu_ratio).toBeNull();
    expect(unknown.tflops_per_device?.six_n).toBeGreaterThan(0);
    expect(unknown.quality.reasons['hardware']).toMatch(/Frobnicator 9/);
    const labels = { logged_peak_flops: 1e15 };
    const logged = jobReport([llamaSpec({ hardware: 'Frobnicator 9', labels }), ...attempt()], { job: 'a' });
    expect(logged.hardware).toMatchObject({ peak_flops: 1e15, peak_source: 'log' });
    expect(logged.mfu_ratio?.mm_causal).toBeCloseTo((FLOPS_PER_TOKEN * 4096) / 1e15, 12);
  });

  it('gives every figure of a range from what lies in it', () => {
    const slow = attempt({ attempt: 2, start_us: endOf(), first: 11, step_s: 4 });
    const events = [llamaSpec(), ...attempt(), ...slow];
    const report = jobReport(events, { job: 'a', from_us: endOf(), to_us: endOf() + 100e6 });
    expect(report.step_s.median).toBe(4);
    expect(report.steps).toBe(10);
    expect(report.ledger.horizon_s).toBe(50);
    expect(report.from).toBe(new Date(endOf() / 1000).toISOString());
  });

  it('says what devices its rates are of, when the last attempt has fewer', () => {
    const last = attempt({ attempt: 2, start_us: endOf(), first: 11, steps: 1, devices: 4 });
    const report = jobReport([llamaSpec(), ...attempt({ devices: 8 }), ...last], { job: 'a' });
    expect(report.devices).toBe(8);
    expect(report.quality.ranks_expected).toBe(4);
  });

  it('measures repair from the failure to the next step, planned stops apart', () => {
    const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(), cause: 'xid:79' } as const;
    const again = attempt({ attempt: 2, start_us: endOf() + 30e6, first: 8 });
    const { mttr, incidents, lost_steps } = jobReport([llamaSpec(), ...attempt(), fail, ...again], {
      job: 'a',
    });
    expect(mttr).toMatchObject({ count: 1, mean_s: 40, median_s: 40, p90_s: 40 });
    expect(incidents).toHaveLength(1);
    expect(lost_steps).toBe(3);
    const planned = jobReport([...attempt(), { ...fail, planned: true }, ...again], { job: 'a' });
    expect(planned.mttr).toMatchObject({ count: 0, mean_s: null, median_s: null, p90_s: null });
  });

  it('claims no repair times for a log whose clock is made up', () => {
    const fields = { labels: { time_source: 'synthetic' } };
    const again = attempt({ attempt: 2, start_us: endOf(), first: 8, fields });
    const report = jobReport([...attempt({ fields }), ...again], { job: 'a' });
    expect(report.incidents[0]).toMatchObject({ lost_steps: 3, time_to_first_step_s: null });
    expect(report.mttr.count).toBe(0);
    expect(report.quality.reasons['mttr']).toMatch(/made up/);
  });

  it('splits the run time into parts that close', () => {
    const span = { type: 'span', job: 'a', attempt: 1, kind: 'custom', name: 'evaluation' } as const;
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: endOf() + 12e6, clean: true } as const;
    const events = [...attempt(), { ...span, start_us: endOf(), end_us: endOf() + 7e6 }, end];
    const { run_time_s, ledger } = jobReport(events, { job: 'a' });
    expect(run_time_s).toMatchObject({ total: 42, init: 0, run: 42, custom: { evaluation: 7 } });
    const parts = [run_time_s.init, run_time_s.steps, 7, run_time_s.other];
    expect(parts.reduce((a, b) => a + b)).toBeCloseTo(ledger.horizon_s, 9);
  });
});

describe('reportLedger', () => {
  it('is the ledger in windows that add up, with quality', () => {
    const ledger = reportLedger([llamaSpec(), ...attempt()], {
      job: 'a',
      windows_us: { size_us: 7e6, count_max: 10 },
    });
    const total = ledger.windows.reduce((sum, { buckets_s }) => sum + (buckets_s.productive ?? 0), 0);
    expect(total).toBeCloseTo(ledger.buckets_s.productive ?? 0, 9);
    expect(ledger.quality.spec_version).toBe(1);
  });
});

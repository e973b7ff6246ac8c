import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../support/training-events.ts';

const JOB = { job: 'a' };
const at = (s: number) => START_US + s * 1e6;
const span = (
  kind: 'queue' | 'ckpt_save',
  from_s: number,
  to_s: number,
  blocking = true,
): JobScopedEvent => ({
  type: 'span',
  job: 'a',
  kind,
  start_us: at(from_s),
  end_us: at(to_s),
  blocking,
});
/** 10 s of start, ten steps of 2 s, and a clean end 10 s after them: 40 s of which 20 train. */
const run = () => [
  ...attempt(),
  { type: 'attempt_end', job: 'a', attempt: 1, time_us: at(40), clean: true } as const,
];

describe('named ratios', () => {
  it('say what they divide by what', () => {
    const { ratios } = jobReport(run(), JOB);
    expect(ratios.goodput_runtime).toMatchObject({ value: 0.5, numerator_value: 20, denominator_value: 40 });
    expect(ratios.effective_share).toMatchObject({ value: 0.5, numerator_value: 160, unit: 'device_s' });
    for (const ratio of Object.values(ratios)) {
      expect(ratio.numerator.length).toBeGreaterThan(5);
      expect(ratio.denominator.length).toBeGreaterThan(5);
      expect(ratio.value === null).toBe(ratio.reason !== null);
    }
  });

  it('count the queue before the first start in ETTR, and in nothing else', () => {
    const { ratios, ledger } = jobReport([...run(), span('queue', -60, 0)], JOB);
    expect(ledger.horizon_s).toBe(40);
    expect(ratios.ettr_with_queue.value).toBeCloseTo(20 / 100, 12);
    expect(ratios.goodput_runtime.value).toBe(0.5);
    expect(ratios.mpg.factors.scheduling).toBeCloseTo(40 / 100, 12);
  });

  it('take an exclusion out of both sides', () => {
    const exclude = { type: 'exclude', job: 'a', start_us: at(30), end_us: at(40), reason: 'x' } as const;
    const { ratios } = jobReport([...run(), exclude], JOB);
    expect(ratios.goodput_runtime.value).toBeCloseTo(20 / 30, 12);
    expect(ratios.effective_share.value).toBeCloseTo(20 / 30, 12);
  });

  it('do not know what is saved when no save was ever told', () => {
    const { ratios, quality } = jobReport(run(), JOB);
    expect(ratios.goodput_saved_only.value).toBeNull();
    expect(quality.reasons['ratios.goodput_saved_only']).toMatch(/ckpt_save/);
    expect(ratios.mpg.runtime_counts).toBe('productive');
  });

  it('count as saved what was done when a completed save began', () => {
    // steps end at 12, 14, ... 30; an asynchronous save from 21 (inside the step of 20 to 22) to 25
    const { ratios } = jobReport([...run(), span('ckpt_save', 21, 25, false)], JOB);
    expect(ratios.goodput_saved_only.value).toBeCloseTo(10 / 40, 12);
    const unfinished = jobReport(
      [...run(), span('ckpt_save', 12, 13, false), span('ckpt_save', 21, 25, false)],
      {
        ...JOB,
        at_us: at(24),
      },
    );
    expect(unfinished.ratios.goodput_saved_only).toMatchObject({ numerator_value: 2 });
  });

  it('count a step that only the save itself cuts short', () => {
    const steps = [0, 1, 2].map((step): JobScopedEvent => {
      return { type: 'step', job: 'a', attempt: 1, step, start_us: at(10 * step) };
    });
    const begin = { type: 'attempt_start', job: 'a', attempt: 1, time_us: at(0), device_count: 8 } as const;
    const { ratios } = jobReport([begin, ...steps, span('ckpt_save', 17, 20)], { ...JOB, at_us: at(25) });
    // 10 s and 7 s, of which 3 s of the first are its excess over the second (program_startup)
    expect(ratios.goodput_saved_only.numerator_value).toBe(14);
  });

  it('take a restart that went on for the proof of a save', () => {
    const again = attempt({ attempt: 2, start_us: endOf() + 30e6, first: 9 });
    const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(), cause: 'xid:79' } as const;
    const { ratios } = jobReport([...attempt(), fail, ...again], JOB);
    expect(ratios.goodput_runtime.numerator_value).toBe(36);
    expect(ratios.goodput_saved_only.numerator_value).toBe(16);
  });

  it('make MPG of its three factors, MFU on productive time among them', () => {
    const report = jobReport([llamaSpec(), ...run(), span('ckpt_save', 30, 32)], JOB);
    const { scheduling, runtime, program } = report.ratios.mpg.factors;
    expect(scheduling).toBe(1);
    expect(runtime).toBeCloseTo(20 / 40, 12);
    expect(program).toBeCloseTo(report.mfu_ratio?.mm_causal ?? Number.NaN, 12);
    expect(report.ratios.mpg.value).toBeCloseTo((program ?? 0) / 2, 12);
  });

  it('have no MPG without a model, and say so', () => {
    const { ratios } = jobReport(run(), JOB);
    expect(ratios.mpg.value).toBeNull();
    expect(ratios.mpg.reason).toMatch(/model/);
  });

  it('know no ratio of time for a log whose clock is made up', () => {
    const { ratios } = jobReport(attempt({ fields: { labels: { time_source: 'synthetic' } } }), JOB);
    expect(Object.values(ratios).map(({ value }) => value)).toEqual([null, null, null, null, null]);
    expect(ratios.goodput_runtime.reason).toMatch(/no time/);
  });

  it('read 0 in a window inside an outage', () => {
    const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(), cause: 'xid:79' } as const;
    const window = { from_us: endOf() + 10e6, to_us: endOf() + 70e6, now_us: endOf() + 100e6 };
    const { ratios } = jobReport([...attempt(), fail], { ...JOB, ...window });
    expect(ratios.goodput_runtime.value).toBe(0);
    expect(ratios.ettr_with_queue.value).toBe(0);
    expect(ratios.effective_share.value).toBe(0);
  });
});

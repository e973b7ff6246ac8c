import { describe, expect, it } from 'vitest';
import type { JobEvent, JobScopedEvent, Labels } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, llamaSpec } from '../../../support/training-events.ts';

/** llama3-8b at 8192 tokens, GFLOP per token: 6 M + 3 A T and 6 M + 6 A T. */
const CAUSAL = 51.470401536;
const FULL = 57.91285248;
/** 65,536 tokens in 2 s on 8 devices. */
const RATE = 4096;

function reportOf(labels: Labels, spec: Partial<JobEvent> = {}, more: readonly JobScopedEvent[] = []) {
  const events = [llamaSpec(spec), ...attempt({ fields: { labels } }), ...more];
  return jobReport(events, { job: 'a' });
}

describe('logged numbers', () => {
  it.each([
    ['mm_full', FULL],
    ['mm_causal', CAUSAL],
  ])('are recognised as %s', (name, gigaflop) => {
    const { logged, quality } = reportOf({ logged_tflops: (gigaflop * RATE) / 1000 });
    expect(logged).toMatchObject({ recognised_as: name, lines_checked: 10, lines_recognised: 10 });
    expect(quality.reasons['spec_mismatch']).toBeUndefined();
  });

  it('give a recompute setting away that nobody told, and HFU with it', () => {
    const layers = FULL - 6 * 0.525336576; // the head is not done again
    const { logged, hfu_ratio, quality, spec } = reportOf({
      logged_tflops: ((FULL + layers / 3) * RATE) / 1000,
    });
    expect(logged?.recognised_as).toBe('hfu_full_recompute_sc21');
    expect(spec.recompute).toBe('full');
    expect(hfu_ratio).toBeCloseTo(((FULL + layers / 3) * RATE * 1e9) / 989e12, 4);
    expect(quality.reasons['recompute']).toMatch(/nobody said it; full/);
  });

  it('raise a mismatch that no way of counting explains, naming the nearest', () => {
    const { quality, logged } = reportOf({ logged_tflops: (FULL * RATE * 1.5) / 1000 });
    expect(logged?.recognised_as).toBeNull();
    expect(quality.reasons['spec_mismatch']).toMatch(/no known way of counting .* is off by/);
  });

  it('say how many devices would explain a line that differs from the others', () => {
    const odd = { logged_tflops: (FULL * RATE * 2) / 1000 };
    const step = attempt({ steps: 11 }).at(-1);
    if (step?.type !== 'step') throw new Error('no step');
    const { logged, quality } = reportOf({ logged_tflops: (FULL * RATE) / 1000 }, {}, [
      { ...step, labels: odd },
    ]);
    expect(logged).toMatchObject({ recognised_as: 'mm_full', lines_checked: 11, lines_recognised: 10 });
    expect(quality.reasons['spec_mismatch']).toMatch(/1 of 11 logged/);
  });

  it('compare what the framework says of model, peak and speed with ours', () => {
    const { quality } = reportOf(
      { logged_tokens_per_s_per_device: RATE * 1.1 },
      { labels: { logged_parameters: 7e9, logged_peak_flops: 1979e12, framework: 'x' } },
    );
    expect(quality.reasons['spec_mismatch_parameters']).toMatch(/7000000000 parameters/);
    expect(quality.reasons['spec_mismatch_peak']).toMatch(/1979000000000000/);
    expect(quality.reasons['spec_mismatch_tokens']).toMatch(/4505/);
  });

  it('use the printed MFU where TFLOP/s are not printed', () => {
    const { logged } = reportOf({ logged_mfu_ratio: (FULL * RATE * 1e9) / 989e12 });
    expect(logged).toMatchObject({ recognised_as: 'mm_full', tflops_per_device: null });
  });

  it('are null when the framework printed nothing', () => {
    expect(reportOf({}).logged).toBeNull();
  });

  it('stay unrecognised, with the reason, when the model is not known', () => {
    const events = attempt({ fields: { labels: { logged_tflops: 300 } } });
    const { logged, quality } = jobReport(events, { job: 'a' });
    expect(logged).toMatchObject({ tflops_per_device: 300, recognised_as: null, lines_checked: 0 });
    expect(quality.reasons).not.toHaveProperty('spec_mismatch');
    expect(logged?.recognised_note).toMatch(/unknown/);
  });
});

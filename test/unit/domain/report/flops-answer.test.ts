import { describe, expect, it } from 'vitest';
import { readArchitecture } from '../../../../domain/model-config.ts';
import { modelFlops } from '../../../../domain/model-flops.ts';
import { efficiencyAnswer } from '../../../../domain/report/flops-answer.ts';

const model = modelFlops(readArchitecture('llama3-8b'), 8192);
const measured = { sequence_length: 8192, devices: 8, tokens_per_s: 8 * 5840, dtype: 'bf16' };

describe('efficiencyAnswer', () => {
  it('gives MFU in every convention', () => {
    const answer = efficiencyAnswer(model, {
      ...measured,
      hardware: 'NVIDIA H100 80GB HBM3',
      recompute: 'full',
    });
    expect(answer.mfu_ratio?.mm_full).toBeCloseTo(0.34197276, 7);
    expect(answer.tflops_per_device?.mm_full).toBeCloseTo(338.211058, 5);
    expect(answer.tflops_per_device?.mm_causal).toBeCloseTo(300.587145, 5);
    expect(answer.hfu_ratio).toBeGreaterThan(answer.mfu_ratio?.mm_full ?? 1);
    expect(answer.peak_flops).toBe(989e12);
    expect(answer.peak_source).toMatch(/dense bf16/);
    expect(answer.reasons).toEqual({});
  });

  it('is about the model alone when no speed is given', () => {
    const answer = efficiencyAnswer(model, {});
    expect(answer.parameters).toBe(8_030_261_248);
    expect(answer).toMatchObject({ mfu_ratio: null, hfu_ratio: null, peak_flops: null, peak_source: null });
    expect(answer.reasons['mfu_ratio']).toMatch(/--tokens-per-second/);
  });

  it('has no MFU on an unknown device, and says why', () => {
    const answer = efficiencyAnswer(model, { ...measured, hardware: 'Unobtainium 9' });
    expect(answer).toMatchObject({ mfu_ratio: null, peak_flops: null, hardware: null });
    expect(answer.reasons['hardware']).toMatch(/Unobtainium 9/);
    expect(answer.tflops_per_device?.mm_full).toBeCloseTo(338.211058, 5);
  });

  it('shows FP8 runs against both peaks', () => {
    const answer = efficiencyAnswer(model, { ...measured, hardware: 'H100', dtype: 'fp8' });
    const { fp8, bf16 } = answer.mfu_ratio_by_peak ?? {};
    expect(answer.mfu_ratio?.mm_full).toBe(fp8?.mm_full);
    expect((bf16?.mm_full ?? 0) / (fp8?.mm_full ?? 1)).toBeCloseTo(1979 / 989, 12);
  });

  it('refuses a with-sparsity peak by name and takes a dense one', () => {
    const refused = efficiencyAnswer(model, { ...measured, hardware: 'H100', given_peak_flops: 1979e12 });
    expect(refused).toMatchObject({ mfu_ratio: null, peak_flops: null });
    expect(refused.reasons['peak_flops']).toMatch(/with-sparsity/);
    const taken = efficiencyAnswer(model, { ...measured, given_peak_flops: 500e12 });
    expect(taken.mfu_ratio?.mm_full).toBeCloseTo(338.211058 / 500, 8);
    expect(taken.peak_source).toMatch(/given/);
  });

  it('rejects a speed that the device cannot reach', () => {
    const answer = efficiencyAnswer(model, { ...measured, tokens_per_s: 8 * 20_000, hardware: 'H100' });
    expect(answer.mfu_ratio).toBeNull();
    expect(answer.reasons['mfu_ratio']).toMatch(/above the peak/);
  });
});

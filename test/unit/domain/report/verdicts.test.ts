import { describe, expect, it } from 'vitest';
import type { JobEvent, Labels } from '../../../../domain/events.ts';
import { readArchitecture } from '../../../../domain/model-config.ts';
import { modelFlops } from '../../../../domain/model-flops.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, llamaSpec } from '../../../support/training-events.ts';

/** 65,536 tokens in 2 s on 8 devices. */
const RATE = 4096;

function verdictsFor(labels: Labels, spec: Partial<JobEvent> = {}) {
  return jobReport([llamaSpec(spec), ...attempt({ fields: { labels } })], { job: 'a' }).verdicts;
}

function flopsOf(model: string, sequence_length = 8192) {
  return modelFlops(readArchitecture(model), sequence_length);
}

function teraOf(flops_per_token: number, rate = RATE): number {
  return (flops_per_token * rate) / 1e12;
}

describe('verdicts', () => {
  it('are none where log and computation agree, or the framework printed nothing', () => {
    const { mm_causal } = flopsOf('llama3-8b').flops_per_token;
    expect(verdictsFor({ logged_tflops: teraOf(mm_causal) })).toEqual([]);
    expect(verdictsFor({})).toEqual([]);
  });

  it('name the convention that explains a gap, and call it a difference of definition', () => {
    const { mm_full } = flopsOf('llama3-8b').flops_per_token;
    const [verdict, ...others] = verdictsFor({ logged_tflops: teraOf(mm_full) });
    expect(others).toEqual([]);
    expect(verdict).toMatchObject({ name: 'spec_mismatch', severity: 'info', figure: 'tflops_per_device' });
    expect(verdict?.explains[0]).toMatchObject({ cause: 'mm_full' });
    expect(verdict?.gap_ratio).toBeCloseTo(mm_full / flopsOf('llama3-8b').flops_per_token.mm_causal - 1, 9);
    expect(verdict?.message).toMatch(/explained by mm_full/);
  });

  it('stand also where every step claims an impossible speed: the print tells that an input is wrong', () => {
    const events = [
      llamaSpec({ tokens_per_step: 65_536 * 32 }),
      ...attempt({ fields: { labels: { logged_tflops: 400 } } }),
    ];
    const { verdicts, logged, mfu_ratio, quality } = jobReport(events, { job: 'a' });
    expect([mfu_ratio, quality.steps_above_peak, logged?.tflops_per_device]).toEqual([null, 10, 400]);
    expect(verdicts).toMatchObject([{ severity: 'warning', figure: 'tflops_per_device', logged: 400 }]);
    expect(verdicts[0]?.computed).toBeCloseTo(
      teraOf(flopsOf('llama3-8b').flops_per_token.mm_causal, RATE * 32),
      6,
    );
  });

  const ADDED = 6 * 525_336_576; // logits, or the input embedding, of Llama 3
  it.each([
    ['embedding_counted_causal', flopsOf('llama3-8b').flops_per_token.mm_causal + ADDED, {}],
    ['four_thirds_full', (flopsOf('llama3-8b').flops_per_token.mm_full * 4) / 3, {}],
    ['world_size_factor', flopsOf('llama3-8b').flops_per_token.mm_causal * 8, {}],
    [
      'tied_head_dropped_full',
      flopsOf('llama3.2-1b').flops_per_token.mm_full - 6 * 128_256 * 2048,
      { model: 'llama3.2-1b' },
    ],
    [
      'mtp_counted_causal',
      flopsOf('deepseek-v3').flops_per_token.mm_causal +
        (flopsOf('deepseek-v3').components.find(({ component }) => component === 'mtp')
          ?.training_flops_per_token.mm_causal ?? 0),
      { model: 'deepseek-v3' },
    ],
    [
      'gradient_accumulation_factor',
      flopsOf('llama3-8b').flops_per_token.mm_full / 32,
      { global_batch_sequences: 512, micro_batch_sequences: 2, parallelism: { dp: 8 } },
    ],
    ['factor_of_3', flopsOf('llama3-8b').flops_per_token.mm_causal / 3 / 0.9999, {}],
  ] as const)('recognise %s', (cause, flops_per_token, spec) => {
    const rate = RATE / 4; // below the peak, whatever the model
    const labels = { logged_tflops: teraOf(flops_per_token, rate), logged_tokens_per_s_per_device: rate };
    const found = verdictsFor(labels, { tokens_per_step: rate * 8 * 2, ...spec });
    const verdict = found.find(({ figure }) => figure === 'tflops_per_device');
    if (cause === 'factor_of_3') {
      // a third is the forward pass alone, a known mistake: it goes before a bare factor
      expect(verdict?.explains[0]?.cause).toBe('forward_only_causal');
    } else expect(verdict?.explains[0]?.cause).toBe(cause);
    expect(verdict?.severity).toBe('warning');
  });

  it('raise a known mistake though it lies within the tolerance of a convention', () => {
    // Qwen3-32B at 4096 with heads of hidden / heads: torchtitan printed 389.87 TFLOP/s at 1,874 tokens/s
    const [verdict] = verdictsFor(
      { logged_tflops: 389.87, logged_tokens_per_s_per_device: 1874 },
      { model: 'qwen3-32b', sequence_length: 4096, tokens_per_step: 1874 * 8 * 2 },
    );
    expect(verdict).toMatchObject({ severity: 'warning', figure: 'tflops_per_device' });
    expect(verdict?.explains[0]?.cause).toBe('head_dim_divided_full');
  });

  it('say when nothing known explains a figure', () => {
    const { mm_full } = flopsOf('llama3-8b').flops_per_token;
    const [verdict] = verdictsFor({ logged_tflops: teraOf(mm_full * 1.37) });
    expect(verdict).toMatchObject({ severity: 'warning', explains: [] });
    expect(verdict?.message).toMatch(/nothing known explains it/);
  });

  it('find the denominator of a logged MFU', () => {
    const { mm_full } = flopsOf('llama3-8b').flops_per_token;
    const [verdict] = verdictsFor({ logged_mfu_ratio: (mm_full * RATE) / 1979e12 });
    expect(verdict?.figure).toBe('mfu_ratio');
    expect(verdict?.explains[0]?.cause).toBe('with_sparsity_peak');
  });

  it('name what a printed peak, a printed speed and a printed size are', () => {
    const found = verdictsFor(
      { logged_tokens_per_s_per_device: RATE * 8 },
      { labels: { logged_parameters: 7_504_924_672, logged_peak_flops: 1979e12 } },
    );
    const causes = Object.fromEntries(found.map(({ figure, explains }) => [figure, explains[0]?.cause]));
    expect(causes).toEqual({
      tokens_per_s_per_device: 'world_size_factor',
      parameters: 'embedding_left_out',
      peak_flops: 'with_sparsity_peak',
    });
  });
});

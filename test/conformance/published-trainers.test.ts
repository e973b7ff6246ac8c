import { describe, expect, it } from 'vitest';
import { hfuRatio, mfuRatio } from '../../domain/mfu.ts';
import { explainFlopsPerToken, explainMfu } from '../../domain/mfu-explanations.ts';
import { readArchitecture } from '../../domain/model-config.ts';
import { type ModelFlops, modelFlops } from '../../domain/model-flops.ts';
import { peakFor } from '../support/peaks.ts';
import { expectReproduced, printed } from '../support/published.ts';

const H100 = peakFor('H100', 'bf16');

function model(name: string, length: number): ModelFlops {
  return modelFlops(readArchitecture(name), length);
}

/** torchtitan commit messages and benchmarks: model, tokens of a sequence, tokens/s a device, TFLOP/s, MFU. */
describe('torchtitan on H100', () => {
  it('Llama-3-8B (commit c31ff8b05, step 1000) counts the whole score matrix', () => {
    const llama = model('llama3-8b', 8192);
    const rate = printed('5840');
    const flops = llama.flops_per_token.mm_full * rate.value;
    const row = { convention: 'mm_full', from: [rate] };
    expectReproduced({ ...row, what: 'TFLOP/s', published: printed('338.24'), ours: flops / 1e12 });
    expectReproduced({ ...row, what: 'MFU', published: printed('34.20'), ours: (100 * flops) / H100 });
    expect(explainFlopsPerToken(338.24e12 / rate.value, llama, {})[0]?.cause).toBe('mm_full');
  });

  it.each([
    ['qwen3-32b', 'Qwen3-32B, heads of 80 instead of 128', '1874', '389.87', 407.9],
    ['deepseek-v2-lite', 'DSv3-16B, heads of 128 + 128 instead of 192 + 128', '8586', '149.62', 155.5],
  ] as const)('%s is a log of the time before #1923: %s', (name, what, tps, tera, correct) => {
    const spec = model(name, 4096);
    const rate = printed(tps);
    const logged = printed(tera);
    expect((spec.flops_per_token.mm_full * rate.value) / 1e12).toBeCloseTo(correct, 0);
    const [likeliest] = explainFlopsPerToken((logged.value * 1e12) / rate.value, spec, {});
    expect(likeliest?.cause).toBe('head_dim_divided_full');
    const ours = logged.value / (1 + (likeliest?.residual_ratio ?? Number.NaN));
    expectReproduced({
      what,
      convention: 'mm_full, head_dim_divided',
      published: logged,
      ours,
      from: [rate],
    });
  });
});

describe('NeMo (performance summary, Llama-3-8B on 8 B200)', () => {
  it('counts the whole score matrix; the MFU is 55.5 % of the dense peak', () => {
    const step_s = printed('6.08');
    const flops = (model('llama3-8b', 8192).flops_per_token.mm_full * 128 * 8192) / step_s.value / 8;
    const figure = {
      what: 'TFLOPS_per_GPU',
      convention: 'mm_full',
      published: printed('1249'),
      from: [step_s],
    };
    expectReproduced({ ...figure, ours: flops / 1e12 });
    expect(flops / peakFor('B200', 'bf16')).toBeCloseTo(0.555, 3);
  });
});

describe('MaxText', () => {
  /** PR #1988 (2025-07-18): Llama-2-7B, 4 sequences of 8192 a device. */
  it.each([
    ['before #1988', 'mm_full', '1721.22'],
    ['after', 'mm_causal', '1510.11'],
  ] as const)('Llama-2-7B %s', (what, convention, text) => {
    const ours = (model('llama2-7b', 8192).flops_per_token[convention] * 4 * 8192) / 1e12;
    expectReproduced({ what: `TFLOPs a step ${what}`, convention, published: printed(text), ours });
  });

  /** Its README log of DeepSeek-V2-16B on v5p: 24 sequences of 2048 a device, step 9. */
  it('DeepSeek-V2-16B counts half of the score matrix', () => {
    const spec = model('deepseek-v2-lite', 2048);
    const tokens = 24 * 2048;
    const step_s = printed('5.667');
    const total = (spec.flops_per_token.mm_causal * tokens) / 1e12;
    const scores = spec.components.find(({ component }) => component === 'attention_scores');
    const share = (100 * (scores?.training_flops_per_token.mm_causal ?? 0)) / spec.flops_per_token.mm_causal;
    const row = { convention: 'mm_causal' };
    expectReproduced({ ...row, what: 'TFLOPs a step', published: printed('764.67'), ours: total });
    expectReproduced({ ...row, what: 'attention, %', published: printed('5.46'), ours: share });
    const from = [step_s];
    expectReproduced({
      ...row,
      what: 'TFLOP/s',
      published: printed('134.924'),
      ours: total / step_s.value,
      from,
    });
    expectReproduced({
      ...row,
      what: 'tokens/s',
      published: printed('8672.758'),
      ours: tokens / step_s.value,
      from,
    });
    const mfu = (100 * total * 1e12) / step_s.value / peakFor('TPU v5p', 'bf16');
    expectReproduced({ ...row, what: 'MFU', published: printed('29.40'), ours: mfu, from });
  });
});

/**
 * llm-foundry scripts/train/benchmarking/README.md (061f2c7c): name, hidden, layers, heads, tokens of a sequence, GPUs'
 * tokens/s each (cut to whole ones), MFU, HFU, parameters. Its peaks are the data sheet's halves: 989.5 bf16 and 1979 fp8.
 */
const FOUNDRY = [
  ['70b', 8192, 80, 64, 2048, '1039', '42.57', '56.76', 64_862_437_376],
  ['30b', 7168, 48, 56, 8192, '1384', '29.92', '39.90', 30_019_254_272],
  ['30b', 7168, 48, 56, 2048, '2308', '43.92', '58.57', 29_975_214_080],
  ['13b', 5120, 40, 40, 32_768, '1976', '31.68', '42.24', 13_011_240_960],
  ['13b', 5120, 40, 40, 2048, '4792', '39.79', null, 12_853_954_560],
  ['7b', 4096, 32, 32, 65_536, '1956', '28.59', '38.13', 6_918_905_856],
  ['7b', 4096, 32, 32, 2048, '10643', '46.44', null, 6_658_859_008],
  ['3b', 2560, 32, 20, 512, '27965', '46.32', null, 2_647_905_280],
  ['1b', 2048, 24, 16, 65_536, '5506', '26.34', '35.12', 1_445_974_016],
  ['760m', 1536, 24, 12, 512, '83749', '40.42', null, 758_111_232],
  ['3b fp8', 2560, 32, 20, 512, '36527', '30.25', null, 2_647_905_280],
] as const;

describe('llm-foundry benchmarks on H100', () => {
  it.each(FOUNDRY)('%s h=%d', (name, hidden, layers, heads, length, tps, mfu, hfu, parameters) => {
    const config = { model_type: 'gpt2', n_embd: hidden, n_layer: layers, n_head: heads };
    const spec = modelFlops(readArchitecture({ ...config, vocab_size: 50_368, n_positions: length }), length);
    expect(spec.parameters).toBe(parameters);
    const rate = printed(tps, 1, 'cut');
    const peak_flops = name.endsWith('fp8') ? 1979e12 : 989.5e12;
    const ours =
      100 *
      (mfuRatio({
        flops_per_token: spec.flops_per_token.palm,
        tokens_per_s: rate.value,
        devices: 1,
        peak_flops,
      }) ?? 0);
    const what = `${name} at ${length}`;
    expectReproduced({
      what: `${what}, MFU`,
      convention: 'palm',
      published: printed(mfu),
      ours,
      from: [rate],
    });
    if (hfu === null) return;
    const whole = { what: `${what}, HFU`, convention: 'palm x 4/3', published: printed(hfu), from: [rate] };
    expectReproduced({ ...whole, ours: (4 / 3) * ours });
  });

  it('at 65,536 tokens differ by a third between conventions', () => {
    const config = { model_type: 'gpt2', n_embd: 4096, n_layer: 32, n_head: 32, vocab_size: 50_368 };
    const spec = modelFlops(readArchitecture({ ...config, n_positions: 65_536 }), 65_536);
    const percent = (flops: number) => (100 * flops * 1956) / 989.5e12;
    expect(percent(spec.flops_per_token.mm_full)).toBeCloseTo(28.2, 0);
    expect(percent(spec.flops_per_token.mm_causal)).toBeCloseTo(18.2, 0);
  });
});

/** arXiv 2505.09343, table 4: 2,048 H800, 15,360 sequences of 4,096 tokens a step. */
describe('DeepSeek-V3', () => {
  const spec = model('deepseek-v3', 4096);
  const router = spec.components.find(({ component }) => component === 'router');
  const routed = router?.training_flops_per_token.mm_full ?? Number.NaN;
  const perDay = printed('272.80', 1e9);
  const rate = perDay.value / 86_400 / 2048;

  it.each([
    ['causal', 'mm_causal', '385', '38.94'],
    ['non-causal', 'mm_full', '432', '43.73'],
  ] as const)('%s: the authors leave the routers out, which are 0.26 %', (what, convention, tera, mfu) => {
    const flops = (spec.flops_per_token[convention] - routed) * rate;
    const row = { convention: `${convention} without router`, from: [perDay] };
    expectReproduced({ ...row, what: `TFLOP/s, ${what}`, published: printed(tera), ours: flops / 1e12 });
    expectReproduced({
      ...row,
      what: `MFU, ${what}`,
      published: printed(mfu),
      ours: (100 * flops) / peakFor('H800', 'bf16'),
    });
    const whole = (spec.flops_per_token[convention] * rate) / 1e12;
    console.info(`TFLOP/s, ${what} [${convention}, routers counted]: here ${whole.toFixed(1)}`);
    expect(whole / (flops / 1e12) - 1).toBeCloseTo(0.0025, 3);
  });

  it('costs 250 GFLOP a token', () => {
    const ours = (spec.flops_per_token.mm_causal - routed) / 1e9;
    expectReproduced({
      what: 'GFLOP/token',
      convention: 'mm_causal without router',
      published: printed('250'),
      ours,
    });
  });

  it('spends a step on parts that add up', () => {
    const parts = ['1.13', '2.06', '1.99', '0.48', '13.95', '0.29'].map((text) => printed(text));
    const sum = parts.reduce((total, { value }) => total + value, 0);
    const slack = parts.reduce((total, part) => total + part.slack, 0);
    const step_s = 19.926;
    console.info(`1F + bubble + 1B + 1W + 1F1B + optimizer = ${sum.toFixed(2)} s of ${step_s} s a step`);
    expect(Math.abs(sum - step_s)).toBeLessThanOrEqual(slack + 0.0005);
    expectReproduced({
      what: 'tokens a day',
      convention: 'tokens / step time',
      published: perDay,
      ours: (15_360 * 4096 * 86_400) / step_s,
      from: [printed('19.926')],
    });
  });
});

describe('denominators of the trackers', () => {
  const peaks = { dense: H100, others: { fp8: 1979e12 }, measured_matmul: null };

  it('Megatron-LM #1276, #1565: 420 TFLOP/s are 42.5 %, and 21.2 % of the with-sparsity figure', () => {
    const spec = model('llama3-70b', 8192);
    const rate = 420e12 / spec.flops_per_token.mm_causal;
    expectReproduced({ what: 'right', convention: 'dense', published: printed('42.5'), ours: 42_000 / 989 });
    expectReproduced({
      what: 'wrong',
      convention: 'with sparsity',
      published: printed('21.2'),
      ours: 42_000 / 1979,
    });
    expect(explainMfu(0.212, rate, spec, peaks)[0]?.cause).toBe('with_sparsity_peak');
    expect(explainMfu(0.425, rate, spec, peaks)[0]?.cause).toBe('mm_causal');
  });

  it('Hugging Face FSDP blog (#1649): 45.5 % took the tokens of 16 devices for those of one', () => {
    const spec = model('llama2-70b', 4096);
    const per_device = (0.455 * H100) / spec.flops_per_token.mm_causal / 16;
    const [likeliest] = explainFlopsPerToken((0.455 * H100) / per_device, spec, { devices: 16 });
    expect(likeliest?.cause).toBe('world_size_factor');
    expectReproduced({ what: 'MFU', convention: 'all devices', published: printed('2.84'), ours: 45.5 / 16 });
  });

  it('MPT-13B without checkpointing: HFU is MFU', () => {
    const spec = model('gpt2-xl', 1024);
    const speed = { tokens_per_s: 1000, devices: 1, peak_flops: H100 };
    const mfu = mfuRatio({ ...speed, flops_per_token: spec.flops_per_token.mm_full });
    expect(hfuRatio({ ...speed, model: spec, recompute: 'none' })).toBe(mfu);
  });
});

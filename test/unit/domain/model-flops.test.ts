import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPreset } from '../../../domain/catalog/model-presets.ts';
import { presetNames, readArchitecture } from '../../../domain/model-config.ts';
import { attendedTokens, CONVENTIONS, modelFlops } from '../../../domain/model-flops.ts';

/** Counts of the weights that the public checkpoints hold; for V3 and Kimi K2 without the prediction module. */
const PUBLISHED: Readonly<Record<string, number>> = {
  'llama2-7b': 6_738_415_616,
  'llama2-13b': 13_015_864_320,
  'llama2-70b': 68_976_648_192,
  'llama3-8b': 8_030_261_248,
  'llama3-70b': 70_553_706_496,
  'llama3.1-405b': 405_853_388_800,
  'llama3.2-1b': 1_235_814_400,
  'mistral-7b': 7_241_732_096,
  'mixtral-8x7b': 46_702_792_704,
  'mixtral-8x22b': 140_620_634_112,
  gpt2: 124_439_808,
  'gpt2-xl': 1_557_611_200,
  'gpt-neox-20b': 20_554_567_680,
  'bloom-176b': 176_247_271_424,
  'qwen2.5-7b': 7_615_616_512,
  'qwen2.5-72b': 72_706_203_648,
  'qwen3-0.6b': 596_049_920,
  'qwen3-8b': 8_190_735_360,
  'qwen3-32b': 32_762_123_264,
  'deepseek-v2-lite': 15_706_484_224,
  'deepseek-v3': 671_026_419_200,
  'kimi-k2': 1_026_408_232_448,
  'qwen3-30b-a3b': 30_532_122_624,
  'qwen3-235b-a22b': 235_093_634_560,
  'qwen3-next-80b-a3b': 79_674_391_296,
  'gpt-oss-20b': 20_914_757_184,
  'gpt-oss-120b': 116_829_156_672,
  'gemma-7b': 8_537_680_896,
  'gemma2-9b': 9_241_705_984,
  'gemma2-27b': 27_227_128_320,
  'gemma3-1b': 999_885_952,
  'gemma3-27b': 27_009_346_304,
  'llama4-scout': 107_769_861_120,
  'llama4-maverick': 400_711_848_960,
  'mamba-2.8b': 2_768_345_600,
  'nemotron-h-8b': 8_100_852_736,
};

const anyPreset = fc.constantFrom(...presetNames());
const anyLength = fc.integer({ min: 1, max: 1_000_000 });

function flopsOf(name: string, sequence_length: number) {
  return modelFlops(readArchitecture(name), sequence_length);
}

describe('parameters', () => {
  it.each(Object.entries(PUBLISHED))('of %s are the published %i', (name, parameters) => {
    expect(flopsOf(name, 4096).parameters).toBe(parameters);
  });

  it('count only the chosen experts as active', () => {
    const mixtral = flopsOf('mixtral-8x7b', 4096);
    expect(mixtral.active_parameters).toBe(12_879_925_248);
    expect(mixtral.active_parameters_no_embedding).toBe(12_748_853_248);
    expect(mixtral.matmul_parameters).toBe(12_748_587_008);
  });

  it.each([
    ['qwen3-235b-a22b', 22_190_763_520, 21_568_433_664],
    ['gpt-oss-120b', 5_711_982_912, 5_132_849_472],
    ['deepseek-v3', 37_552_297_472, 36_625_618_432],
  ])('of %s are active as published, with and without the input embedding', (name, active, without) => {
    const model = flopsOf(name, 4096);
    expect(model.active_parameters).toBe(active);
    expect(model.active_parameters_no_embedding).toBe(without);
  });

  it('keep a tied embedding among the active ones, since it is the head too', () => {
    const gpt2 = flopsOf('gpt2', 1024);
    expect(gpt2.active_parameters_no_embedding).toBe(gpt2.active_parameters);
    expect(gpt2.matmul_parameters).toBe(12 * (12 * 768 * 768) + 50_257 * 768);
  });

  it('leave multi-token prediction out of the totals and show it', () => {
    const model = flopsOf('deepseek-v3', 4096);
    const mtp = model.components.find(({ component }) => component === 'mtp');
    expect(mtp).toMatchObject({ in_totals: false });
    // One expert layer, the 2h x h projection, and five vectors of the hidden size: 11.6 B beside the 671 B.
    expect(mtp?.parameters).toBe(11_610_068_224);
    expect(model.parameters).toBe(671_026_419_200);
  });
});

describe('FLOPs per token', () => {
  it('follow the definition of each convention', () => {
    const { flops_per_token, parameters, active_parameters, matmul_parameters } = flopsOf('qwen3-32b', 4096);
    const pairs = 64 * 64 * (128 + 128);
    expect(flops_per_token.mm_full).toBe(6 * matmul_parameters + 6 * pairs * 4096);
    expect(flops_per_token.mm_causal).toBe(6 * matmul_parameters + 3 * pairs * 4096);
    expect(flops_per_token.palm).toBe(6 * parameters + 12 * 64 * 64 * 128 * 4096);
    expect(flops_per_token.six_n).toBe(6 * active_parameters);
  });

  it('of a latent-attention model use its own query and value sizes', () => {
    const { flops_per_token, matmul_parameters } = flopsOf('deepseek-v3', 4096);
    expect(flops_per_token.mm_full - 6 * matmul_parameters).toBe(6 * 61 * 128 * (192 + 128) * 4096);
  });

  it('of GPT-3 at 4096 tokens are the published 1.0764e12 (causal) and 1.1054e12 (full)', () => {
    const { flops_per_token } = flopsOf('gpt3-175b', 4096);
    expect(flops_per_token.mm_causal / 1e12).toBeCloseTo(1.0764, 4);
    expect(flops_per_token.mm_full / 1e12).toBeCloseTo(1.1054, 4);
  });

  it('never fall as sequences grow, and causal is never above full', () => {
    fc.assert(
      fc.property(anyPreset, anyLength, fc.integer({ min: 1, max: 100_000 }), (name, length, more) => {
        const short = flopsOf(name, length).flops_per_token;
        const long = flopsOf(name, length + more).flops_per_token;
        for (const convention of CONVENTIONS)
          expect(long[convention]).toBeGreaterThanOrEqual(short[convention]);
        expect(short.mm_causal).toBeLessThanOrEqual(short.mm_full);
      }),
      { numRuns: 60 },
    );
  });

  it('are the sum of the components', () => {
    fc.assert(
      fc.property(anyPreset, anyLength, (name, length) => {
        const model = flopsOf(name, length);
        const counted = model.components.filter(({ in_totals }) => in_totals);
        for (const convention of CONVENTIONS) {
          const sum = counted.reduce((total, row) => total + row.training_flops_per_token[convention], 0);
          expect(sum).toBe(model.flops_per_token[convention]);
        }
        for (const field of ['parameters', 'active_parameters', 'matmul_parameters'] as const) {
          expect(counted.reduce((total, row) => total + row[field], 0)).toBe(model[field]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('of packed documents are the mean weighted by tokens, and of one length that length', () => {
    const architecture = readArchitecture('llama3-8b');
    const one = modelFlops(architecture, [{ tokens: 4096, documents: 7 }]);
    expect(one.flops_per_token).toEqual(modelFlops(architecture, 4096).flops_per_token);
    const mixed = modelFlops(architecture, [
      { tokens: 1000, documents: 3 },
      { tokens: 3000, documents: 1 },
    ]);
    // 3 x 1000^2 + 1 x 3000^2 attended pairs over 6000 tokens.
    expect(mixed.flops_per_token.mm_full).toBe(modelFlops(architecture, 2000).flops_per_token.mm_full);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuse a length of %d', (length) => {
    expect(() => flopsOf('llama3-8b', length)).toThrow(RangeError);
  });
});

describe('models that are not attention all through', () => {
  it('pay for the whole sequence only in the layers without a window', () => {
    const oss = flopsOf('gpt-oss-120b', 4096);
    const pairs = 18 * 64 * 128;
    expect(oss.flops_per_token.mm_causal).toBe(
      6 * oss.matmul_parameters + 3 * pairs * (4096 + 2 * 128 - 128 ** 2 / 4096),
    );
    expect(oss.notes.join()).toMatch(/18 layers attend within a window of 128/);
  });

  it('cost the same at any length when they are state spaces, causal or not', () => {
    const short = flopsOf('mamba-2.8b', 1024).flops_per_token;
    expect(flopsOf('mamba-2.8b', 65_536).flops_per_token).toEqual(short);
    expect(short.mm_causal).toBe(short.mm_full);
    expect(short.mm_full).toBeGreaterThan(6 * flopsOf('mamba-2.8b', 1024).matmul_parameters);
  });

  it('count a scan and a delta rule as Megatron-LM does', () => {
    const hybrid = flopsOf('nemotron-h-8b', 4096);
    const pairs = 4 * 32 * 256 * 4096;
    expect(hybrid.flops_per_token.mm_causal).toBe(
      6 * hybrid.matmul_parameters + 3 * pairs + 3 * 24 * 7 * 8192 * 128,
    );
    const next = flopsOf('qwen3-next-80b-a3b', 4096);
    const core = 2 * 4 * (2 * 2048 + 4096) + 2 * 32 * 128 ** 2 * 4;
    expect(next.flops_per_token.mm_causal).toBe(
      6 * next.matmul_parameters + 3 * 12 * 16 * 512 * 4096 + 3 * 36 * core,
    );
  });
});

describe('attendedTokens', () => {
  it('is shortened by a window and by chunks', () => {
    expect(attendedTokens({ kind: 'all' }, 10_000)).toBe(10_000);
    expect(attendedTokens({ kind: 'window', tokens: 4096 }, 4096)).toBe(4096);
    expect(attendedTokens({ kind: 'window', tokens: 4000 }, 10_000)).toBe(2 * 4000 - 4000 ** 2 / 10_000);
    expect(attendedTokens({ kind: 'window', tokens: 4096 }, 100)).toBe(100);
    expect(attendedTokens({ kind: 'chunk', tokens: 4000 }, 10_000)).toBe(
      (2 * 4000 ** 2 + 2000 ** 2) / 10_000,
    );
    expect(attendedTokens({ kind: 'chunk', tokens: 4000 }, 3000)).toBe(3000);
  });

  it('is twice the mean of the tokens that the positions of a window look at, counted one by one', () => {
    for (const [window, tokens] of [
      [128, 4096],
      [1024, 1500],
      [7, 8],
    ] as const) {
      const seen = Array.from({ length: tokens }, (_, at) => Math.min(at + 0.5, window));
      const mean = seen.reduce((sum, count) => sum + count, 0) / tokens;
      expect(attendedTokens({ kind: 'window', tokens: window }, tokens)).toBeCloseTo(2 * mean, 6);
    }
  });

  it('makes a windowed model cheaper than the same without, from the window on', () => {
    const config = findPreset('mistral-7b')?.config ?? {};
    const without = readArchitecture({ ...config, sliding_window: null });
    const within = readArchitecture(config);
    const causal = (architecture: typeof within, length: number) =>
      modelFlops(architecture, length).flops_per_token.mm_causal;
    expect(causal(within, 4096)).toBe(causal(without, 4096));
    expect(causal(without, 8192) - causal(within, 8192)).toBe(
      // half of the whole triangle against its band: 8192 - (2 x 4096 - 4096^2 / 8192)
      3 * 32 * 32 * 256 * 2048,
    );
  });
});

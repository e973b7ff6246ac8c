import { describe, expect, it } from 'vitest';
import { hfuRatio, mfuRatio } from '../../domain/mfu.ts';
import { explainFlopsPerToken } from '../../domain/mfu-explanations.ts';
import { readArchitecture } from '../../domain/model-config.ts';
import { type ModelFlops, modelFlops } from '../../domain/model-flops.ts';
import { peakFor } from '../support/peaks.ts';
import { expectNotAddingUp, expectReproduced, printed } from '../support/published.ts';

/** GPT-3 shaped: learned positions, biases, a tied head, an MLP of 4 h. */
function gpt(hidden: number, layers: number, heads: number, vocab_size: number, length = 2048): ModelFlops {
  const config = { model_type: 'gpt2', n_embd: hidden, n_layer: layers, n_head: heads, vocab_size };
  return modelFlops(readArchitecture({ ...config, n_positions: length }), length);
}

const A100 = peakFor('A100', 'fp16');
const H100 = peakFor('H100', 'bf16');

describe('PaLM (arXiv 2204.02311, section 4.1 and appendix B)', () => {
  const tokens_per_s = printed('238.3', 1e3);
  const devices = 6144;
  const six_n = 6 * 540.35e9;
  const attention = 12 * 118 * 48 * 256 * 2048;
  const speed = { tokens_per_s: tokens_per_s.value, devices, peak_flops: peakFor('TPU v4', 'bf16') };
  const percent = (flops_per_token: number) => 100 * (mfuRatio({ ...speed, flops_per_token }) ?? Number.NaN);

  it.each([
    ['without attention', 'six_n', '45.7', six_n],
    ['with attention', 'palm', '46.2', six_n + attention],
    ['HFU: a quarter of the work is done again', 'palm x 1.25', '57.8', 1.25 * (six_n + attention)],
  ])('540B on 6,144 TPU v4, %s', (what, convention, text, flops) => {
    const published = printed(text);
    expectReproduced({
      what: `PaLM 540B ${what}`,
      convention,
      published,
      ours: percent(flops),
      from: [tokens_per_s],
    });
  });
});

describe('MT-NLG 530B, as the PaLM paper computes it (table 3)', () => {
  it.each([
    ['without attention', 'six_n', '29.7', 6 * 530e9],
    ['with attention', 'palm', '30.2', 6 * 530e9 + 12 * 105 * 20_480 * 2048],
  ])('2,240 A100, %s', (what, convention, text, flops_per_token) => {
    const rate = printed('65.43', 1e3);
    const ours =
      100 * (mfuRatio({ flops_per_token, tokens_per_s: rate.value, devices: 2240, peak_flops: A100 }) ?? 0);
    // 29.77 is printed as 29.7: the source cuts
    expectReproduced({
      what: `MT-NLG ${what}`,
      convention,
      published: printed(text, 1, 'cut'),
      ours,
      from: [rate],
    });
  });
});

describe('Korthikanti et al. (arXiv 2205.05198, table 5), selective recomputation', () => {
  it.each([
    ['22B', 6144, 48, 64, 4, 8, '1.10', '41.5', '43.7'],
    ['175B', 12_288, 96, 96, 64, 64, '13.75', '51.4', '52.8'],
    ['530B', 20_480, 105, 128, 280, 280, '37.83', '56.0', '57.0'],
    ['1T', 25_600, 128, 160, 512, 512, '71.49', '56.3', '57.0'],
  ] as const)('%s', (name, hidden, layers, heads, batch, devices, seconds, mfu_text, hfu_text) => {
    const model = gpt(hidden, layers, heads, 51_200);
    const step_s = printed(seconds);
    const speed = { tokens_per_s: (batch * 2048) / step_s.value, devices, peak_flops: A100 };
    const mfu = 100 * (mfuRatio({ ...speed, flops_per_token: model.flops_per_token.mm_full }) ?? 0);
    const hfu = 100 * (hfuRatio({ ...speed, model, recompute: 'selective' }) ?? 0);
    const from = [step_s];
    expectReproduced({
      what: `${name} MFU`,
      convention: 'mm_full',
      published: printed(mfu_text),
      ours: mfu,
      from,
    });
    expectReproduced({
      what: `${name} HFU`,
      convention: 'mm_full + attention core again',
      published: printed(hfu_text),
      ours: hfu,
      from,
    });
  });
});

describe('Megatron-LM', () => {
  it('README of v2: GPT-3 on 1,024 A100 in 32 s is 44 % HFU, and 33 % MFU', () => {
    const model = gpt(12_288, 96, 96, 51_200);
    const speed = { tokens_per_s: (1536 * 2048) / 32, devices: 1024, peak_flops: A100 };
    const hfu = hfuRatio({ ...speed, model, recompute: 'full' }) ?? 0;
    const from = [printed('32')];
    const tflops = { what: 'GPT-3 TFLOP/s', convention: 'SC21: 96 B s L h^2 (...)', from };
    expectReproduced({ ...tflops, published: printed('138'), ours: (hfu * A100) / 1e12 });
    expectReproduced({
      what: 'GPT-3 "% of peak"',
      convention: 'HFU',
      published: printed('44'),
      ours: 100 * hfu,
      from,
    });
    const mfu = mfuRatio({ ...speed, flops_per_token: model.flops_per_token.mm_full }) ?? 0;
    expect(mfu).toBeCloseTo(0.331, 3);
  });

  /** Core r0.8 README table: N, TFLOP/s a GPU, MFU, aggregate PFLOP/s. H100, sequence 4096, bf16. */
  it.each([
    ['1.7B', 48, '408.8', '41', '19.6'],
    ['7.1B', 96, '465.9', '47', '44.7'],
    ['16B', 192, '489.1', '49', '93.9'],
    ['32B', 384, '459.6', '46', '176.5'],
    ['70B', 768, '419.7', '42', '322.3'],
    ['119B', 1536, '420.5', '43', '645.9'],
    ['177B', 2304, '432.8', '44', '997.2'],
    ['314B', 3072, '474.4', '48', '1457.4'],
    ['462B', 6144, '459.9', '47', '2825.6'],
  ])('core r0.8 table, %s: the denominator is the dense peak', (name, devices, tera, mfu, peta) => {
    const tflops = printed(tera);
    const from = [tflops];
    const share = { what: `${name} MFU`, convention: 'dense bf16 peak', from };
    expectReproduced({ ...share, published: printed(mfu), ours: (100 * tflops.value * 1e12) / H100 });
    const sum = { what: `${name} aggregate PFLOP/s`, convention: 'TFLOP/s x N', from };
    expectReproduced({ ...sum, published: printed(peta), ours: (tflops.value * devices) / 1000 });
  });

  /** SC21 weak scaling (arXiv 2104.04473, table 1): A100, fp16, recomputation counted. */
  it.each([
    ['1.7B', '137', '44'],
    ['3.6B', '138', '44'],
    ['7.5B', '142', '46'],
    ['18.4B', '135', '43'],
    ['39.1B', '138', '44'],
    ['76.1B', '140', '45'],
    ['145.6B', '148', '47'],
    ['310.1B', '155', '50'],
    ['529.6B', '163', '52'],
    ['1008B', '163', '52'],
  ])('SC21 table, %s: % of peak is of 312 TFLOP/s', (name, tera, percent) => {
    const tflops = printed(tera);
    const published = printed(percent);
    const ours = (100 * tflops.value * 1e12) / A100;
    expectReproduced({ what: `${name} % of peak`, convention: 'HFU', published, ours, from: [tflops] });
  });
});

/** MegaScale (arXiv 2402.15627, table 2): batch, N, then for both systems ktokens/s, MFU, aggregate PFLOP/s. */
const MEGASCALE = [
  [768, 256, ['39.3', '53.0', '43.3'], ['49.0', '65.3', '52.2']],
  [768, 512, ['74.1', '49.9', '77.6'], ['95.1', '63.5', '101.4']],
  [768, 768, ['103.8', '46.7', '111.9'], ['136.7', '61.3', '146.9']],
  [768, 1024, ['132.7', '44.7', '131.9'], ['176.9', '59.0', '188.5']],
  [6144, 3072, ['433.6', '48.7', '466.8'], ['531.9', '59.1', '566.5']],
  [6144, 6144, ['851.6', '47.8', '916.3'], ['1030.9', '57.3', '1098.4']],
  [6144, 8192, ['1027.9', '43.3', '1106.7'], ['1315.6', '54.9', '1400.6']],
  [6144, 12_288, ['1466.8', '41.2', '1579.5'], ['1984.0', '55.2', '2166.3']],
] as const;
/** Rows whose PFLOP/s are not their MFU of the peak, by both readings of the table: (system, N). */
const NOT_ADDING_UP = new Set([
  'Megatron-LM 256',
  'Megatron-LM 512',
  'Megatron-LM 1024',
  'MegaScale 8192',
  'MegaScale 12288',
]);

describe('MegaScale table 2, 175B on A100', () => {
  const model = gpt(12_288, 96, 128, 51_200);

  it.each(MEGASCALE)('batch %d, %d GPUs', (_, devices, megatron, megascale) => {
    const mfuOf = (rate: number) =>
      100 *
      (mfuRatio({
        flops_per_token: model.flops_per_token.mm_full,
        tokens_per_s: rate * 1000,
        devices,
        peak_flops: A100,
      }) ?? 0);
    const theirs = printed(megatron[0]);
    const row = { what: `Megatron-LM, ${devices}`, convention: 'mm_full', from: [theirs] };
    expectReproduced({ ...row, published: printed(megatron[1]), ours: mfuOf(theirs.value) });
    // MegaScale attends within windows: counted whole its MFU comes out 0.2 to 1.1 % high
    const ours = mfuOf(Number(megascale[0]));
    const published = printed(megascale[1]);
    const excess = ours / published.value - 1;
    console.info(
      `MegaScale, ${devices} [mm_full, windows ignored]: published ${published.value}, here ${ours.toFixed(2)}, ` +
        `residual ${(100 * excess).toFixed(2)} %: the authors count their sliding windows`,
    );
    expect(excess).toBeGreaterThan(0.0015);
    expect(excess).toBeLessThan(0.0115);
  });

  it.each(MEGASCALE)(
    'batch %d, %d GPUs: MFU x 312 x N against the printed PFLOP/s',
    (_, devices, ...systems) => {
      for (const [index, name] of ['Megatron-LM', 'MegaScale'].entries()) {
        const [, mfu = '', peta = ''] = systems[index] ?? [];
        const share = printed(mfu);
        const figure = {
          what: `${name}, ${devices}: aggregate PFLOP/s`,
          convention: 'MFU x peak x N',
          published: printed(peta),
          ours: (share.value / 100) * (A100 / 1e15) * devices,
          from: [share],
        };
        if (NOT_ADDING_UP.has(`${name} ${devices}`)) expectNotAddingUp(figure);
        else expectReproduced(figure);
      }
    },
  );
});

describe('Llama 3 (arXiv 2407.21783, table 4), 405B on H100', () => {
  it.each([
    ['8,192 GPUs', '430', '43'],
    ['16,384 GPUs', '400', '41'],
    ['16,384 GPUs, 131,072 tokens', '380', '38'],
  ])('%s: the denominator is the dense peak', (what, tera, mfu) => {
    // 400 TFLOP/s are 40.4 %: 41 is reached only because the printed figures are rounded to tens
    const tflops = { ...printed(tera), slack: 5 };
    const ours = (100 * tflops.value * 1e12) / H100;
    const figure = { what: `405B, ${what}`, convention: 'dense bf16 peak', from: [tflops] };
    expectReproduced({ ...figure, published: printed(mfu), ours });
  });

  it('keeps 93.0 % of its speed from 8,192 to 16,384', () => {
    const figure = { what: '405B, linearity', convention: 'TFLOP/s a device', published: printed('93.0') };
    expectReproduced({ ...figure, ours: (100 * 400) / 430 });
  });

  it('prints a DP of 4 in its last row, where the GPUs need 8', () => {
    expect(8 * 16 * 16 * 4).toBe(8192);
    expect(8 * 16 * 16 * 8).toBe(16_384);
  });
});

describe('BLOOM 176B (bigscience, chronicles.md of tr11-176B-ml, iteration 12695)', () => {
  const config = { model_type: 'bloom', hidden_size: 14_336, n_layer: 70, n_head: 112, vocab_size: 250_880 };
  const model = modelFlops(readArchitecture(config), 2048);
  const step_s = printed('105.22');
  const speed = { tokens_per_s: (2048 * 2048) / step_s.value, devices: 384, peak_flops: A100 };

  it('logs hardware FLOPs: 47.8 % HFU is 36.0 % MFU', () => {
    const hfu = hfuRatio({ ...speed, model, recompute: 'full' }) ?? 0;
    const figure = { what: 'BLOOM TFLOPs', convention: 'HFU, 96 B s L h^2 (...)', from: [step_s] };
    expectReproduced({ ...figure, published: printed('149.02'), ours: (hfu * A100) / 1e12 });
    const mfu = mfuRatio({ ...speed, flops_per_token: model.flops_per_token.mm_full }) ?? 0;
    expect(100 * mfu).toBeCloseTo(36.0, 1);
  });

  it('is recognised as such from the log alone', () => {
    const [likeliest] = explainFlopsPerToken((149.02e12 * 384) / speed.tokens_per_s, model, {});
    expect(likeliest?.cause).toBe('hfu_full_recompute_sc21');
  });
});

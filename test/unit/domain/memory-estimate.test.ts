import { describe, expect, it } from 'vitest';
import { activationBytes, tokenActivations } from '../../../domain/memory-activations.ts';
import { memoryEstimate, STATE_RECIPES } from '../../../domain/memory-estimate.ts';
import { readArchitecture } from '../../../domain/model-config.ts';

/** GPT-3 175B as arXiv 2205.05198 trains it (table 3): 96 heads, h 12288, 96 layers, s 2048, b 1, t 8, p 8. */
const GPT3 = readArchitecture('gpt3-175b');
const [S, B, H, A, L, T] = [2048, 1, 12_288, 96, 96, 8];
const GPT3_SETTINGS = { sequence_length: S, micro_batch_sequences: B, tp: T, pp: 8, cp: 1 };

function gpt3Activations(recompute: 'none' | 'selective' | 'full', sequence_parallel: boolean): number {
  const { bytes } = tokenActivations(GPT3, true);
  if (bytes === null) throw new Error('GPT-3 has a formula');
  return activationBytes(bytes, { ...GPT3_SETTINGS, recompute, sequence_parallel });
}

describe('activations, against table 2 of arXiv 2205.05198', () => {
  it.each([
    ['tensor parallel', 'none', false, S * B * H * (10 + 24 / T + (5 * A * S) / (H * T))],
    ['tensor and sequence parallel', 'none', true, S * B * H * (34 / T + (5 * A * S) / (H * T))],
    ['tensor parallel, selective', 'selective', false, S * B * H * (10 + 24 / T)],
    ['tensor and sequence parallel, selective', 'selective', true, S * B * H * (34 / T)],
    ['full recomputation', 'full', false, S * B * H * 2],
  ] as const)('%s (%s)', (_, recompute, sequence_parallel, layer_bytes) => {
    expect(gpt3Activations(recompute, sequence_parallel)).toBeCloseTo(L * layer_bytes, -1);
  });

  it('without parallelism a layer keeps s b h (34 + 5 a s / h), and the head its logits', () => {
    const { bytes } = tokenActivations(GPT3, true);
    if (bytes === null) throw new Error('GPT-3 has a formula');
    const kept = activationBytes(bytes, {
      ...GPT3_SETTINGS,
      tp: 1,
      pp: 1,
      recompute: 'none',
      sequence_parallel: false,
    });
    const layers = L * S * B * H * (34 + (5 * A * S) / H);
    const head = S * B * (4 * H + 4 * GPT3.vocabulary);
    expect(kept).toBeCloseTo(layers + head, -2);
  });
});

describe('activations of what the paper did not know', () => {
  it('Llama 3 8B: grouped queries, a gated MLP, no dropout, worked by hand', () => {
    const { bytes } = tokenActivations(readArchitecture('llama3-8b'), false);
    // 32 layers; h 4096, 32 heads and 8 of keys and values of 128, MLP 14336
    expect(bytes?.replicated_bytes).toBe(32 * 2 * (2 * 4096 + 4096 + 4096));
    expect(bytes?.divided_bytes).toBe(32 * 2 * (4096 + 2 * 1024 + 4096 + 3 * 14_336));
    expect(bytes?.score_bytes_per_token).toBe(32 * 32 * 2);
  });

  it('Mixtral keeps two of eight experts, and for each the token that was sent to it', () => {
    const { bytes } = tokenActivations(readArchitecture('mixtral-8x7b'), false);
    const attention = 4096 + 2 * 1024 + 4096;
    expect(bytes?.divided_bytes).toBe(32 * 2 * (attention + 2 * 3 * 14_336 + 2 * 4096));
  });

  it('layers without a published formula are not guessed at', () => {
    const state_space = { component: 'state_space' } as const;
    const [first] = GPT3.parts;
    if (first === undefined) throw new Error('GPT-3 has parts');
    const odd = { ...GPT3, parts: [...GPT3.parts, { ...first, ...state_space }] };
    const estimate = memoryEstimate(odd, { ...GPT3_SETTINGS, recompute: 'full' });
    expect(estimate.activation_bytes).toBeNull();
    expect(estimate.total_bytes).toBeNull();
    expect(estimate.reasons['activation_bytes']).toContain('state_space');
  });
});

describe('training state', () => {
  it('Llama 2 70B has 68.977 B parameters, not the 64.69 B of a course that knows no grouped queries', () => {
    const estimate = memoryEstimate(readArchitecture('llama2-70b'), {
      sequence_length: 4096,
      recipe: 'course_14p',
    });
    expect(estimate.parameters).toBe(68_976_648_192);
    const state = estimate.parameter_bytes + estimate.gradient_bytes + estimate.optimizer_bytes;
    expect(state).toBe(14 * 68_976_648_192);
    expect(state / (14 * 64.69e9)).toBeCloseTo(1.066, 3);
  });

  it('ZeRO of 7.5 B parameters over 64 ranks: 120, 31.4, 16.6 and 1.9 GB, as arXiv 1910.02054 draws it', () => {
    const parts = GPT3.parts.slice(0, 1).map((part) => ({ ...part, parameters: 7.5e9 }));
    const model = { ...GPT3, parts };
    const gigabytes = ([0, 1, 2, 3] as const).map((zero_stage) => {
      const { parameter_bytes, gradient_bytes, optimizer_bytes } = memoryEstimate(model, {
        sequence_length: S,
        dp: 64,
        zero_stage,
      });
      return (parameter_bytes + gradient_bytes + optimizer_bytes) / 1e9;
    });
    expect(gigabytes.map((value) => Number(value.toFixed(1)))).toEqual([120, 31.4, 16.6, 1.9]);
  });

  it('experts are divided by expert parallelism, and their state over fewer copies', () => {
    const mixtral = readArchitecture('mixtral-8x7b');
    const settings = { sequence_length: 4096, dp: 16, ep: 8, zero_stage: 1 } as const;
    const estimate = memoryEstimate(mixtral, settings);
    const experts = 32 * 8 * 3 * 4096 * 14_336;
    const rest = 46_702_792_704 - experts;
    expect(estimate.parameters_per_device).toBe(rest + experts / 8);
    expect(estimate.parameter_bytes).toBe(2 * (rest + experts / 8));
    expect(estimate.optimizer_bytes).toBe(12 * (rest / 16 + experts / 8 / 2));
  });

  it('the first stage of a pipeline holds its layers and one table', () => {
    const estimate = memoryEstimate(readArchitecture('llama3-8b'), { sequence_length: 8192, pp: 4 });
    const table = 128_256 * 4096;
    const layers = 8_030_261_248 - 2 * table - 4096;
    expect(estimate.parameters_per_device).toBe(layers / 4 + 4096 / 4 + table);
  });

  it('without a micro-batch activations are unknown; without a recompute setting each is given', () => {
    const model = readArchitecture('llama3-8b');
    const unknown = memoryEstimate(model, { sequence_length: 8192, recompute: 'full' });
    expect(unknown.activation_bytes).toBeNull();
    expect(unknown.reasons['activation_bytes']).toContain('micro_batch_sequences');
    const open = memoryEstimate(model, { sequence_length: 8192, micro_batch_sequences: 1 });
    expect(open.activation_bytes).toBeNull();
    expect(open.activation_bytes_by_recompute?.full).toBe(
      8192 * (32 * 2 * 4096 + 2 * 2 * 4096 + 4 * 128_256),
    );
  });

  it('every recipe says where it is from', () => {
    for (const { source } of Object.values(STATE_RECIPES)) expect(source).toMatch(/arXiv|Megatron|course/);
  });
});

import { describe, expect, it } from 'vitest';
import { findPreset } from '../../../domain/catalog/model-presets.ts';
import {
  BadModelConfig,
  presetNames,
  readArchitecture,
  supportedModelTypes,
  UnsupportedModel,
} from '../../../domain/model-config.ts';
import { modelFlops } from '../../../domain/model-flops.ts';

const LLAMA = {
  model_type: 'llama',
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 128,
  vocab_size: 100,
};

function parametersOf(config: Readonly<Record<string, unknown>>): number {
  return modelFlops(readArchitecture(config), 16).parameters;
}

describe('readArchitecture', () => {
  it('takes what a published file leaves out from the defaults of its family', () => {
    const attention = 4 * 64 * 64;
    const mlp = 3 * 64 * 128;
    expect(parametersOf(LLAMA)).toBe(2 * 100 * 64 + 2 * (attention + mlp + 2 * 64) + 64);
    expect(parametersOf({ ...LLAMA, tie_word_embeddings: true })).toBe(parametersOf(LLAMA) - 100 * 64);
    expect(parametersOf({ ...LLAMA, num_key_value_heads: 1 })).toBe(parametersOf(LLAMA) - 2 * 2 * 64 * 48);
    expect(parametersOf({ ...LLAMA, attention_bias: true })).toBe(parametersOf(LLAMA) + 2 * 4 * 64);
    expect(parametersOf({ ...LLAMA, mlp_bias: true })).toBe(parametersOf(LLAMA) + 2 * (128 + 128 + 64));
  });

  it('takes head_dim as a field of its own', () => {
    expect(parametersOf({ ...LLAMA, head_dim: 32 })).toBe(parametersOf(LLAMA) + 2 * 4 * 64 * 64);
  });

  it('adds to Qwen2 the bias that no field names, and to Qwen3 its head norms', () => {
    const shape = { ...LLAMA, num_key_value_heads: 4 };
    expect(parametersOf({ ...shape, model_type: 'qwen2' })).toBe(parametersOf(shape) + 2 * 3 * 64);
    expect(parametersOf({ ...shape, model_type: 'qwen3', head_dim: 16 })).toBe(
      parametersOf(shape) + 2 * 2 * 16,
    );
  });

  it('reads a field under its older name', () => {
    const gpt2 = { model_type: 'gpt2', vocab_size: 100, n_positions: 32, n_embd: 64, n_layer: 2, n_head: 4 };
    const renamed = {
      model_type: 'gpt2',
      vocab_size: 100,
      n_positions: 32,
      hidden_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 4,
    };
    expect(parametersOf(renamed)).toBe(parametersOf(gpt2));
  });

  it('has no expert layers where every layer is among the first dense ones', () => {
    const config = {
      ...findPreset('deepseek-v3')?.config,
      num_hidden_layers: 3,
      num_nextn_predict_layers: 0,
    };
    const model = modelFlops(readArchitecture(config), 16);
    expect(model.active_parameters).toBe(model.parameters);
  });

  it('reads a model that also sees from its text_config, with the class defaults that such files leave out', () => {
    const text_config = {
      hidden_size: 2560,
      num_hidden_layers: 34,
      intermediate_size: 10_240,
      sliding_window: 1024,
    };
    const model = readArchitecture({ model_type: 'gemma3', text_config });
    // Gemma 3 4B: the language model's share of the published 4.3 B.
    expect(modelFlops(model, 16).parameters).toBe(3_880_263_168);
    expect(model.notes.join()).toMatch(/language model only/);
    expect(() => readArchitecture({ model_type: 'gemma3', text_config: [] })).toThrow(/text_config/);
  });

  it('lets layer_types decide which layers have a window, and wants one for each layer', () => {
    const config = { ...findPreset('gpt-oss-20b')?.config, num_hidden_layers: 2 };
    const all = { ...config, layer_types: ['full_attention', 'full_attention'] };
    const cost = (model: Readonly<Record<string, unknown>>) =>
      modelFlops(readArchitecture(model), 4096).flops_per_token.mm_causal;
    expect(cost(all) - cost(config)).toBe(3 * 64 * 128 * (4096 - (2 * 128 - 128 ** 2 / 4096)));
    expect(() => readArchitecture({ ...all, layer_types: ['full_attention'] })).toThrow(
      /layer_types names 1/,
    );
  });

  it('refuses a hybrid pattern with a letter it does not know', () => {
    const config = { ...findPreset('nemotron-h-8b')?.config, hybrid_override_pattern: 'M-X' };
    expect(() => readArchitecture(config)).toThrow(/"X"/);
  });

  it('refuses a model type it cannot count exactly, and lists those it can', () => {
    const read = () => readArchitecture({ ...LLAMA, model_type: 'whisper' });
    expect(read).toThrow(UnsupportedModel);
    for (const model_type of supportedModelTypes()) expect(read).toThrow(model_type);
  });

  it('refuses an unknown preset, and lists the known ones', () => {
    const read = () => readArchitecture('llama9-1t');
    expect(read).toThrow(UnsupportedModel);
    for (const name of presetNames()) expect(read).toThrow(name);
  });

  it.each([
    ['hidden_size', undefined],
    ['hidden_size', '4096'],
    ['hidden_size', 0],
    ['hidden_size', 64.5],
    ['hidden_size', 1e12],
    ['num_hidden_layers', 1e7],
    ['num_hidden_layers', null],
    ['vocab_size', -1],
    ['tie_word_embeddings', 'yes'],
    ['num_key_value_heads', 3],
    ['num_attention_heads', 5],
    ['model_type', undefined],
    ['model_type', 7],
  ])('names the field %s when it is %j', (field, value) => {
    const read = () => readArchitecture({ ...LLAMA, [field]: value });
    expect(read).toThrow(BadModelConfig);
    expect(read).toThrow(field);
  });

  it('names the model by the path it was published under', () => {
    expect(readArchitecture({ ...LLAMA, _name_or_path: 'org/tiny' }).name).toBe('org/tiny');
    expect(readArchitecture(LLAMA).name).toBe('llama');
    expect(readArchitecture('llama3-8b').name).toBe('llama3-8b');
  });
});

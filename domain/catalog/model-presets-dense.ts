import type { ModelPreset } from './model-presets.ts';

const LLAMA = { model_type: 'llama', tie_word_embeddings: false };
const LLAMA2 = { ...LLAMA, vocab_size: 32_000, max_position_embeddings: 4096 };
const LLAMA3 = { ...LLAMA, vocab_size: 128_256, num_key_value_heads: 8, max_position_embeddings: 8192 };
const LLAMA31 = { ...LLAMA3, max_position_embeddings: 131_072 };
const LLAMA_8B = {
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  intermediate_size: 14_336,
};
const LLAMA_70B = {
  hidden_size: 8192,
  num_hidden_layers: 80,
  num_attention_heads: 64,
  intermediate_size: 28_672,
};
const QWEN25 = { model_type: 'qwen2', tie_word_embeddings: false, max_position_embeddings: 131_072 };
const QWEN3 = {
  model_type: 'qwen3',
  vocab_size: 151_936,
  head_dim: 128,
  num_key_value_heads: 8,
  tie_word_embeddings: false,
  max_position_embeddings: 40_960,
};

/** Dense models. `source` names the public repository whose `config.json` has these fields, or the paper. */
export const DENSE_PRESETS: readonly ModelPreset[] = [
  {
    key: 'llama2-7b',
    also: [],
    config: {
      ...LLAMA2,
      hidden_size: 4096,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 32,
      intermediate_size: 11_008,
    },
    source: 'meta-llama/Llama-2-7b-hf',
  },
  {
    key: 'llama2-13b',
    also: [],
    config: {
      ...LLAMA2,
      hidden_size: 5120,
      num_hidden_layers: 40,
      num_attention_heads: 40,
      num_key_value_heads: 40,
      intermediate_size: 13_824,
    },
    source: 'meta-llama/Llama-2-13b-hf',
  },
  {
    key: 'llama2-70b',
    also: [],
    config: { ...LLAMA2, ...LLAMA_70B, num_key_value_heads: 8 },
    source: 'meta-llama/Llama-2-70b-hf',
  },
  { key: 'llama3-8b', also: [], config: { ...LLAMA3, ...LLAMA_8B }, source: 'meta-llama/Meta-Llama-3-8B' },
  { key: 'llama3-70b', also: [], config: { ...LLAMA3, ...LLAMA_70B }, source: 'meta-llama/Meta-Llama-3-70B' },
  {
    key: 'llama3.1-8b',
    also: ['llama31-8b'],
    config: { ...LLAMA31, ...LLAMA_8B },
    source: 'meta-llama/Llama-3.1-8B',
  },
  {
    key: 'llama3.1-70b',
    also: ['llama31-70b', 'llama3.3-70b'],
    config: { ...LLAMA31, ...LLAMA_70B },
    source: 'meta-llama/Llama-3.1-70B',
  },
  {
    key: 'llama3.1-405b',
    also: ['llama31-405b', 'llama3-405b'],
    config: {
      ...LLAMA31,
      hidden_size: 16_384,
      num_hidden_layers: 126,
      num_attention_heads: 128,
      intermediate_size: 53_248,
    },
    source: 'meta-llama/Llama-3.1-405B',
  },
  {
    key: 'llama3.2-1b',
    also: ['llama32-1b'],
    config: {
      ...LLAMA31,
      hidden_size: 2048,
      num_hidden_layers: 16,
      num_attention_heads: 32,
      head_dim: 64,
      intermediate_size: 8192,
      tie_word_embeddings: true,
    },
    source: 'meta-llama/Llama-3.2-1B',
  },
  {
    key: 'mistral-7b',
    also: ['mistral-7b-v0.1'],
    config: {
      model_type: 'mistral',
      vocab_size: 32_000,
      hidden_size: 4096,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      intermediate_size: 14_336,
      sliding_window: 4096,
      tie_word_embeddings: false,
      max_position_embeddings: 32_768,
    },
    source: 'mistralai/Mistral-7B-v0.1',
  },
  {
    key: 'gpt2',
    also: ['gpt2-124m', 'gpt2-small'],
    config: {
      model_type: 'gpt2',
      vocab_size: 50_257,
      n_positions: 1024,
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
    },
    source: 'openai-community/gpt2',
  },
  {
    key: 'gpt2-xl',
    also: ['gpt2-1.5b'],
    config: {
      model_type: 'gpt2',
      vocab_size: 50_257,
      n_positions: 1024,
      n_embd: 1600,
      n_layer: 48,
      n_head: 25,
    },
    source: 'openai-community/gpt2-xl',
  },
  {
    key: 'gpt3-175b',
    also: ['gpt3', 'gpt-3-175b'],
    config: {
      model_type: 'gpt2',
      vocab_size: 50_257,
      n_positions: 2048,
      n_embd: 12_288,
      n_layer: 96,
      n_head: 96,
    },
    source: 'arXiv 2005.14165, table 2.1, with the vocabulary and the biases of GPT-2',
  },
  {
    key: 'gpt-neox-20b',
    also: [],
    config: {
      model_type: 'gpt_neox',
      vocab_size: 50_432,
      hidden_size: 6144,
      num_hidden_layers: 44,
      num_attention_heads: 64,
      intermediate_size: 24_576,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
    },
    source: 'EleutherAI/gpt-neox-20b',
  },
  {
    key: 'bloom-176b',
    also: ['bloom'],
    config: { model_type: 'bloom', vocab_size: 250_880, hidden_size: 14_336, n_layer: 70, n_head: 112 },
    source: 'bigscience/bloom',
  },
  {
    key: 'qwen2.5-7b',
    also: [],
    config: {
      ...QWEN25,
      vocab_size: 152_064,
      hidden_size: 3584,
      num_hidden_layers: 28,
      num_attention_heads: 28,
      num_key_value_heads: 4,
      intermediate_size: 18_944,
    },
    source: 'Qwen/Qwen2.5-7B',
  },
  {
    key: 'qwen2.5-72b',
    also: [],
    config: {
      ...QWEN25,
      vocab_size: 152_064,
      hidden_size: 8192,
      num_hidden_layers: 80,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      intermediate_size: 29_568,
    },
    source: 'Qwen/Qwen2.5-72B',
  },
  {
    key: 'qwen3-0.6b',
    also: [],
    config: {
      ...QWEN3,
      hidden_size: 1024,
      num_hidden_layers: 28,
      num_attention_heads: 16,
      intermediate_size: 3072,
      tie_word_embeddings: true,
    },
    source: 'Qwen/Qwen3-0.6B',
  },
  {
    key: 'qwen3-8b',
    also: [],
    config: {
      ...QWEN3,
      hidden_size: 4096,
      num_hidden_layers: 36,
      num_attention_heads: 32,
      intermediate_size: 12_288,
    },
    source: 'Qwen/Qwen3-8B',
  },
  {
    key: 'qwen3-32b',
    also: [],
    config: {
      ...QWEN3,
      hidden_size: 5120,
      num_hidden_layers: 64,
      num_attention_heads: 64,
      intermediate_size: 25_600,
    },
    source: 'Qwen/Qwen3-32B',
  },
];

import { expect, it } from 'vitest';
import { readArchitecture } from '../../domain/model-config.ts';
import { modelFlops } from '../../domain/model-flops.ts';

/**
 * What the library that publishes these families stores: parameters of the causal models that Hugging Face transformers
 * 5.24.0 builds from these fields (counted on its meta device, 2026-11-25; the routers' correction bias, which it keeps
 * as a buffer, included). Small widths show a wrong term as a difference that large ones would hide.
 */
const SMALL = {
  hidden_size: 256,
  num_hidden_layers: 8,
  num_attention_heads: 8,
  vocab_size: 1000,
  intermediate_size: 512,
};
const GROUPED = { ...SMALL, num_key_value_heads: 2 };
const MAMBA2 = { mamba_n_heads: 8, mamba_d_head: 64 };
const DEEPSEEK = {
  ...SMALL,
  n_routed_experts: 8,
  num_experts_per_tok: 2,
  moe_intermediate_size: 64,
  kv_lora_rank: 64,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  v_head_dim: 128,
};
const STATE_SPACE = { hidden_size: 256, num_hidden_layers: 4, vocab_size: 1000 };
const GRANITE = { ...GROUPED, ...MAMBA2, shared_intermediate_size: 300 };
const ONE_ATTENTION_LAYER = [...Array<string>(7).fill('mamba'), 'attention'];
const NEMOTRON = { ...GROUPED, mamba_num_heads: 8, mamba_head_dim: 64 };

const COUNTS: readonly (readonly [string, Readonly<Record<string, unknown>>, number])[] = [
  ['llama', GROUPED, 4_972_800],
  [
    'llama',
    { ...GROUPED, attention_bias: true, mlp_bias: true, tie_word_embeddings: true, head_dim: 64 },
    6_045_952,
  ],
  ['mistral', { ...SMALL, num_key_value_heads: 8 }, 5_759_232],
  ['mixtral', { ...SMALL, num_key_value_heads: 8 }, 27_795_712],
  ['qwen2', { ...SMALL, num_key_value_heads: 4 }, 5_239_040],
  ['qwen3', { ...SMALL, num_key_value_heads: 4 }, 9_955_584],
  [
    'qwen2_moe',
    {
      ...SMALL,
      num_key_value_heads: 4,
      moe_intermediate_size: 128,
      shared_expert_intermediate_size: 320,
      num_experts: 10,
      num_experts_per_tok: 4,
      mlp_only_layers: [2],
    },
    11_107_840,
  ],
  [
    'qwen3_moe',
    {
      ...SMALL,
      num_key_value_heads: 4,
      moe_intermediate_size: 128,
      num_experts: 10,
      num_experts_per_tok: 8,
      decoder_sparse_step: 2,
    },
    7_604_992,
  ],
  [
    'qwen3_next',
    {
      ...GROUPED,
      moe_intermediate_size: 128,
      shared_expert_intermediate_size: 320,
      num_experts: 10,
      num_experts_per_tok: 10,
    },
    39_502_208,
  ],
  ['qwen3_5_text', SMALL, 33_319_296],
  [
    'deepseek_v2',
    { ...DEEPSEEK, n_shared_experts: 2, first_k_dense_replace: 1, q_lora_rank: null },
    10_918_656,
  ],
  [
    'deepseek_v3',
    { ...DEEPSEEK, n_shared_experts: 1, first_k_dense_replace: 3, q_lora_rank: 96 },
    8_703_488 + 5 * 8,
  ],
  ['gpt2', { n_embd: 256, n_layer: 4, n_head: 8, vocab_size: 1000, n_inner: null }, 3_677_696],
  ['gpt_neox', SMALL, 4_729_344],
  ['bloom', { hidden_size: 256, n_layer: 4, n_head: 8, vocab_size: 1000 }, 3_416_064],
  ['gemma', GROUPED, 13_891_840],
  ['gemma2', GROUPED, 13_895_936],
  ['gemma3_text', GROUPED, 13_900_032],
  ['gemma3', { text_config: GROUPED }, 13_900_032],
  ['gpt_oss', { ...GROUPED, num_local_experts: 8, num_experts_per_tok: 4, head_dim: 64 }, 28_410_240],
  [
    'llama4_text',
    {
      ...GROUPED,
      num_local_experts: 8,
      intermediate_size_mlp: 700,
      interleave_moe_layer_step: 2,
      head_dim: 64,
    },
    19_452_160,
  ],
  ['mamba', STATE_SPACE, 2_008_320],
  ['falcon_mamba', { ...SMALL, intermediate_size: null }, 3_760_384],
  ['mamba2', { ...STATE_SPACE, num_heads: 8, head_dim: 64, n_groups: 2 }, 2_641_248],
  ['jamba', GROUPED, 30_499_920],
  ['bamba', { ...GROUPED, ...MAMBA2, attn_layer_indices: [3, 7] }, 7_181_712],
  ['falcon_h1', { ...GROUPED, ...MAMBA2, mamba_d_ssm: 512 }, 9_224_640],
  ['falcon_h1', { ...GROUPED, ...MAMBA2, mamba_d_ssm: null, mamba_rms_norm: true }, 9_228_736],
  ['granitemoehybrid', { ...GRANITE, num_local_experts: 4, layer_types: ONE_ATTENTION_LAYER }, 18_838_440],
  [
    'granitemoehybrid',
    { ...GRANITE, num_local_experts: 0, layers_block_type: ONE_ATTENTION_LAYER, tie_word_embeddings: true },
    5_991_336,
  ],
  ['minimax', GROUPED, 27_665_664],
  ['nemotron_h', { ...NEMOTRON, hybrid_override_pattern: 'M-M-M-*-' }, 5_016_904],
  [
    'nemotron_h',
    {
      ...NEMOTRON,
      hybrid_override_pattern: 'MEMEME*E',
      n_routed_experts: 8,
      num_experts_per_tok: 2,
      moe_intermediate_size: 64,
      moe_shared_expert_intermediate_size: 80,
    },
    5_188_936 + 4 * 8,
  ],
];

it.each(COUNTS)('%s %j: no difference at all', (model_type, fields, parameters) => {
  expect(modelFlops(readArchitecture({ model_type, ...fields }), 512).parameters).toBe(parameters);
});

/** Large models whose exact or rounded totals their makers publish. */
it('MiniMax-Text-01 and Kimi Linear have the size that their names and cards say', () => {
  const kda_layers = Array.from({ length: 27 }, (_, layer) => layer + 1).filter(
    (layer) => layer % 4 !== 0 && layer !== 27,
  );
  const kimi = readArchitecture({
    model_type: 'kimi_linear',
    vocab_size: 163_840,
    hidden_size: 2304,
    num_hidden_layers: 27,
    num_attention_heads: 32,
    intermediate_size: 9216,
    linear_attn_config: {
      kda_layers,
      full_attn_layers: [4, 8, 12, 16, 20, 24, 27],
      num_heads: 32,
      head_dim: 128,
      short_conv_kernel_size: 4,
    },
    num_experts: 256,
    num_experts_per_token: 8,
    num_shared_experts: 1,
    moe_intermediate_size: 1024,
    first_k_dense_replace: 1,
    kv_lora_rank: 512,
    q_lora_rank: null,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
  });
  const minimax = readArchitecture({
    model_type: 'minimax_text_01',
    vocab_size: 200_064,
    hidden_size: 6144,
    num_hidden_layers: 80,
    num_attention_heads: 64,
    num_key_value_heads: 8,
    head_dim: 128,
    intermediate_size: 9216,
    num_local_experts: 32,
    num_experts_per_tok: 2,
    shared_intermediate_size: 0,
    attn_type_list: Array.from({ length: 80 }, (_, layer) => (layer % 8 === 7 ? 1 : 0)),
  });
  const billions = (architecture: typeof kimi) => modelFlops(architecture, 4096).parameters / 1e9;
  expect(billions(kimi)).toBeCloseTo(49.1, 1);
  expect(billions(minimax)).toBeCloseTo(456.1, 1);
});

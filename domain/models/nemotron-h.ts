import type { ConfigFields } from './config-fields.ts';
import { attentionCores, groupedQueryProjections } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { mamba2Mixer, SCAN_NOTE } from './mamba.ts';
import { BadModelConfig } from './model-errors.ts';
import {
  attentionScores,
  embeddingAndHead,
  expertsPart,
  linear,
  part,
  plainMlp,
  sum,
  times,
  vector,
} from './parts.ts';

type Block = 'state_space' | 'attention' | 'mlp' | 'experts';

/** How the blocks are called in `hybrid_override_pattern` (letters) and in `layers_block_type` (words). */
const BLOCKS: Readonly<Record<string, Block>> = {
  M: 'state_space',
  mamba: 'state_space',
  linear_attention: 'state_space',
  '*': 'attention',
  attention: 'attention',
  full_attention: 'attention',
  '-': 'mlp',
  mlp: 'mlp',
  E: 'experts',
  moe: 'experts',
};

/** Nemotron-H: each layer is one block, Mamba 2, attention, a two-matrix MLP, or experts; the file lists which. */
export const NEMOTRON_H: ModelFamily = {
  model_types: ['nemotron_h'],
  read: (fields) => {
    const blocks = blocksOf(fields);
    const of = (block: Block) => blocks.filter((name) => name === block).length;
    const hidden = fields.count('hidden_size');
    const vocabulary = fields.count('vocab_size');
    const tied = fields.flag('tie_word_embeddings', false);
    return {
      layers: blocks.length,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        ...attentionParts(fields, hidden, vocabulary, of('attention')),
        ...stateSpaceParts(fields, hidden, of('state_space')),
        ...mlpParts(fields, hidden, of('mlp')),
        ...expertParts(fields, hidden, of('experts')),
        part('norms', vector((blocks.length + 1) * hidden)),
      ],
      notes: [SCAN_NOTE],
    };
  },
};

function blocksOf(fields: ConfigFields): Block[] {
  const pattern = fields.text('hybrid_override_pattern');
  const names = fields.words('layers_block_type') ?? (pattern === null ? null : [...pattern]);
  if (names === null) {
    throw new BadModelConfig(
      'hybrid_override_pattern',
      'config field hybrid_override_pattern (or layers_block_type) is missing.',
    );
  }
  return names.map((name) => {
    const block = Object.hasOwn(BLOCKS, name) ? BLOCKS[name] : undefined;
    if (block !== undefined) return block;
    throw new BadModelConfig('hybrid_override_pattern', `${JSON.stringify(name)} is no known kind of layer.`);
  });
}

function attentionParts(fields: ConfigFields, hidden: number, vocabulary: number, layers: number) {
  if (layers === 0) return [];
  const heads = fields.count('num_attention_heads');
  const kv_heads = fields.count('num_key_value_heads', heads);
  const head_dim = fields.count(['head_dim', 'attention_head_dim'], 128);
  const shape = { layers, hidden, heads, kv_heads, head_dim, vocabulary, tied: false };
  return [
    part('attention_projections', times(layers, groupedQueryProjections(shape))),
    attentionScores(attentionCores(shape)),
  ];
}

function stateSpaceParts(fields: ConfigFields, hidden: number, layers: number) {
  if (layers === 0) return [];
  const heads = fields.count('mamba_num_heads');
  const mixer = mamba2Mixer({
    hidden,
    inner: heads * fields.count('mamba_head_dim'),
    heads,
    states: fields.count('ssm_state_size', 128),
    groups: fields.count(['n_groups', 'mamba_n_groups'], 8),
    kernel: fields.count('conv_kernel', 4),
    conv_bias: fields.flag('use_conv_bias', true),
    bias: fields.flag('use_bias', false),
    gated_norm: true,
  });
  return [part('state_space', times(layers, mixer.weights), { scan_flops: layers * mixer.scan_flops })];
}

function mlpParts(fields: ConfigFields, hidden: number, layers: number) {
  if (layers === 0) return [];
  const mlp = plainMlp(hidden, fields.count('intermediate_size'), fields.flag('mlp_bias', false));
  return [part('mlp', times(layers, mlp))];
}

/** Experts work on `moe_latent_size` where the file has one, between two projections that every token passes. */
function expertParts(fields: ConfigFields, hidden: number, layers: number) {
  if (layers === 0) return [];
  const bias = fields.flag('mlp_bias', false);
  const experts = fields.count('n_routed_experts');
  const latent = fields.countOrNull('moe_latent_size');
  const shared = plainMlp(hidden, fields.count('moe_shared_expert_intermediate_size'), bias);
  const around =
    latent === null ? vector(0) : sum(linear(hidden, latent, bias), linear(latent, hidden, bias));
  const expert = plainMlp(latent ?? hidden, fields.count('moe_intermediate_size'), false);
  return [
    part('mlp', times(layers, sum(shared, around))),
    expertsPart(expert, layers, experts, fields.count('num_experts_per_tok')),
    part('router', times(layers, sum(linear(hidden, experts), vector(experts)))),
  ];
}

import type { ConfigFields } from './config-fields.ts';
import { decoderShape } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { SCAN_NOTE } from './mamba.ts';
import { mamba2AndAttention } from './mamba2-attention.ts';
import { BadModelConfig } from './model-errors.ts';
import { embeddingAndHead, expertsPart, gatedMlp, linear, part, times, vector } from './parts.ts';

/** Granite 4 hybrids: Mamba 2 and attention layers as `layer_types` lists them, a shared MLP, and experts or none. */
export const GRANITE_HYBRID: ModelFamily = {
  model_types: ['granitemoehybrid'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 'as heads', head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const attention = attentionLayers(fields, layers);
    const shared = gatedMlp(hidden, fields.count('shared_intermediate_size', 1024));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        ...mamba2AndAttention(fields, shape, attention),
        part('mlp', times(layers, shared)),
        ...expertParts(fields, layers, hidden),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [SCAN_NOTE],
    };
  },
};

/** The library renamed the kinds, and the list, over time; a file without either has state spaces only. */
function attentionLayers(fields: ConfigFields, layers: number): number {
  const listed = fields.words('layer_types') ?? fields.words('layers_block_type') ?? [];
  if (listed.length !== 0 && listed.length !== layers) {
    throw new BadModelConfig(
      'layer_types',
      `config field layer_types names ${listed.length} layers, num_hidden_layers is ${layers}.`,
    );
  }
  return listed.filter((name) => name === 'attention' || name === 'full_attention').length;
}

function expertParts(fields: ConfigFields, layers: number, hidden: number) {
  const experts = fields.countFromZero('num_local_experts', 8);
  if (experts === 0) return [];
  const expert = gatedMlp(hidden, fields.count('intermediate_size'));
  return [
    expertsPart(expert, layers, experts, fields.count('num_experts_per_tok', 2)),
    part('router', times(layers, linear(hidden, experts))),
  ];
}

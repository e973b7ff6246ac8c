import type { ConfigFields } from './config-fields.ts';
import { attentionCores, decoderShape, groupedQueryProjections, layersOfType } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { BadModelConfig } from './model-errors.ts';
import {
  attentionScores,
  embeddingAndHead,
  expertsPart,
  gatedMlp,
  linear,
  part,
  sum,
  times,
  vector,
} from './parts.ts';

/**
 * MiniMax-Text-01 and M1: lightning attention (linear in the sequence, with an output gate and a norm over all heads)
 * in most layers, full attention in the others, experts in every layer.
 */
export const MINIMAX: ModelFamily = {
  model_types: ['minimax', 'minimax_text_01', 'minimax_m1'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, heads, head_dim, vocabulary, tied } = shape;
    const full = fullLayers(fields, layers);
    const width = heads * head_dim;
    const linearAttention = sum(linear(hidden, 3 * width), times(2, linear(width, hidden)), vector(width));
    // a state of head_dim x head_dim a head: one product to write a token into it, one to read
    const scan_flops = 2 * 2 * heads * head_dim * head_dim;
    const experts = fields.count('num_local_experts', 8);
    const expert = gatedMlp(hidden, fields.count('intermediate_size'));
    const shared = fields.countFromZero('shared_intermediate_size', 0);
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('attention_projections', times(full, groupedQueryProjections(shape))),
        attentionScores(attentionCores({ ...shape, layers: full })),
        part('linear_attention', times(layers - full, linearAttention), {
          scan_flops: (layers - full) * scan_flops,
        }),
        ...(shared === 0
          ? []
          : [part('mlp', times(layers, sum(gatedMlp(hidden, shared), linear(hidden, 1))))]),
        expertsPart(expert, layers, experts, fields.count('num_experts_per_tok', 2)),
        part('router', times(layers, linear(hidden, experts))),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: ['lightning attention as a recurrence: one product to write a head’s state and one to read it'],
    };
  },
};

/** `layer_types` of the library's files, `attn_type_list` (1: full) of those published first, else every second. */
function fullLayers(fields: ConfigFields, layers: number): number {
  const named = layersOfType(fields, layers, 'full_attention');
  if (named !== null) return named;
  const listed = fields.numbers('attn_type_list');
  if (listed === null) return Math.floor(layers / 2);
  if (listed.length === layers) return listed.filter((type) => type === 1).length;
  throw new BadModelConfig(
    'attn_type_list',
    `config field attn_type_list names ${listed.length} layers, num_hidden_layers is ${layers}.`,
  );
}

import type { ConfigFields } from './config-fields.ts';
import { attentionCores, decoderShape, groupedQueryProjections, layersOfType } from './decoder.ts';
import type { ModelFamily } from './family.ts';
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
 * Llama 4: layers with experts (each also one shared expert) between dense ones, attention in chunks except in the
 * layers without rotary positions. Published files keep the language model in `text_config`.
 */
export const LLAMA4: ModelFamily = {
  model_types: ['llama4', 'llama4_text'],
  read: (outer, model_type) => {
    const fields = outer.inside('text_config') ?? outer;
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 128, tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const bias = fields.flag('attention_bias', false);
    const experts = fields.count('num_local_experts', 16);
    const used = fields.count('num_experts_per_tok', 1);
    const sparse = expertLayers(fields, layers);
    const expert = gatedMlp(hidden, fields.count('intermediate_size'));
    const dense = sparse === layers ? vector(0) : gatedMlp(hidden, fields.count('intermediate_size_mlp'));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part(
          'attention_projections',
          times(layers, groupedQueryProjections(shape, { qkv: bias, out: bias })),
        ),
        attentionScores(attentionCores(shape, chunkedLayers(fields, layers))),
        part('mlp', sum(times(layers - sparse, dense), times(sparse, expert))),
        expertsPart(expert, sparse, experts, used),
        part('router', times(sparse, linear(hidden, experts))),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [
        'shared experts are counted under mlp: every token passes them',
        ...(model_type === 'llama4' ? ['the language model only: the part that sees is not counted'] : []),
      ],
    };
  },
};

function expertLayers(fields: ConfigFields, layers: number): number {
  const listed = fields.numbers('moe_layers');
  if (listed !== null) return new Set(listed.filter((layer) => layer >= 0 && layer < layers)).size;
  return Math.floor(layers / fields.count('interleave_moe_layer_step', 1));
}

/** `no_rope_layers` holds, despite its name, a 1 for every layer that has rotary positions, and so chunks. */
function chunkedLayers(fields: ConfigFields, layers: number) {
  const chunk =
    fields.countOrNull('attention_chunk_size') ?? (fields.written('attention_chunk_size') ? null : 8192);
  if (chunk === null) return undefined;
  const rotary = fields.numbers('no_rope_layers');
  const interval = fields.count('no_rope_layer_interval', 4);
  const count =
    rotary === null || rotary.length === 0
      ? layers - Math.floor(layers / interval)
      : rotary.slice(0, layers).filter((hasRotary) => hasRotary !== 0).length;
  return {
    layers: layersOfType(fields, layers, 'chunked_attention') ?? count,
    reach: { kind: 'chunk', tokens: chunk },
  } as const;
}

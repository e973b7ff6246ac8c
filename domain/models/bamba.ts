import { attentionCores, decoderShape, groupedQueryProjections } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { prefixedMamba2Mixer, SCAN_NOTE } from './mamba.ts';
import { attentionScores, embeddingAndHead, gatedMlp, part, times, vector } from './parts.ts';

/** Bamba: Mamba 2 layers, attention in those that `attn_layer_indices` lists, and an MLP after each. */
export const BAMBA: ModelFamily = {
  model_types: ['bamba'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const listed = new Set(fields.numbers('attn_layer_indices') ?? []);
    const attention = [...listed].filter((layer) => layer >= 0 && layer < layers).length;
    const inner = fields.count('mamba_expand', 2) * hidden;
    const mamba = prefixedMamba2Mixer(fields, hidden, { inner, gated_norm: true });
    const bias = fields.flag('attention_bias', false);
    const mlp = gatedMlp(hidden, fields.count('intermediate_size'), fields.flag('mlp_bias', false));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part(
          'attention_projections',
          times(attention, groupedQueryProjections(shape, { qkv: bias, out: bias })),
        ),
        attentionScores(attentionCores({ ...shape, layers: attention })),
        part('state_space', times(layers - attention, mamba.weights), {
          scan_flops: (layers - attention) * mamba.scan_flops,
        }),
        part('mlp', times(layers, mlp)),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [SCAN_NOTE],
    };
  },
};

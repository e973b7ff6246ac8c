import { decoderShape } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { SCAN_NOTE } from './mamba.ts';
import { mamba2AndAttention } from './mamba2-attention.ts';
import { embeddingAndHead, gatedMlp, part, times, vector } from './parts.ts';

/** Bamba: Mamba 2 layers, attention in those that `attn_layer_indices` lists, and an MLP after each. */
export const BAMBA: ModelFamily = {
  model_types: ['bamba'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const listed = new Set(fields.numbers('attn_layer_indices') ?? []);
    const attention = [...listed].filter((layer) => layer >= 0 && layer < layers).length;
    const mlp = gatedMlp(hidden, fields.count('intermediate_size'), fields.flag('mlp_bias', false));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        ...mamba2AndAttention(fields, shape, attention),
        part('mlp', times(layers, mlp)),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [SCAN_NOTE],
    };
  },
};

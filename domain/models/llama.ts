import type { AttentionReach } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';
import { attentionCores, decoderShape, groupedQueryProjections } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, gatedMlp, part, times, vector } from './parts.ts';

/** Llama 1 to 3: RMS norms, grouped queries, a gated MLP, untied unless the file says so. */
export const LLAMA: ModelFamily = {
  model_types: ['llama'],
  read: (fields) => readLlamaLike(fields, { kv_heads: 'as heads', reach: null }),
};

/** Mistral is Llama with a sliding window: 4096 where the file leaves it out, none where it writes null. */
export const MISTRAL: ModelFamily = {
  model_types: ['mistral'],
  read: (fields) => readLlamaLike(fields, { kv_heads: 8, reach: slidingWindow(fields, 4096) }),
};

export function slidingWindow(fields: ConfigFields, leftOut: number | null): AttentionReach | null {
  const window = fields.countOrNull('sliding_window') ?? (fields.written('sliding_window') ? null : leftOut);
  return window === null ? null : { kind: 'window', tokens: window };
}

function readLlamaLike(
  fields: ConfigFields,
  family: { readonly kv_heads: 'as heads' | number; readonly reach: AttentionReach | null },
) {
  const shape = decoderShape(fields, { kv_heads: family.kv_heads, head_dim: 'hidden / heads', tied: false });
  const { layers, hidden, vocabulary, tied } = shape;
  const bias = fields.flag('attention_bias', false);
  const mlp = gatedMlp(hidden, fields.count('intermediate_size'), fields.flag('mlp_bias', false));
  return {
    layers,
    hidden,
    vocabulary,
    parts: [
      ...embeddingAndHead(vocabulary, hidden, tied),
      part('attention_projections', times(layers, groupedQueryProjections(shape, { qkv: bias, out: bias }))),
      attentionScores(
        attentionCores(shape, family.reach === null ? undefined : { layers, reach: family.reach }),
      ),
      part('mlp', times(layers, mlp)),
      part('norms', vector((2 * layers + 1) * hidden)),
    ],
    notes: [],
  };
}

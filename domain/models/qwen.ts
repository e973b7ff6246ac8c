import type { AttentionReach } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';
import {
  attentionCores,
  type DecoderShape,
  decoderShape,
  groupedQueryProjections,
  layersOfType,
} from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, gatedMlp, part, times, vector, type Weights } from './parts.ts';

/** Qwen2 and 2.5: Llama with a bias on query, key and value, which no field of the file says. */
export const QWEN2: ModelFamily = {
  model_types: ['qwen2'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 32, head_dim: 'hidden / heads', tied: false });
    return readQwen(fields, shape, groupedQueryProjections(shape, { qkv: true, out: false }), 0);
  },
};

/** Qwen3: a head size of its own (128 where left out), and a norm over each query and key head. */
export const QWEN3: ModelFamily = {
  model_types: ['qwen3'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 32, head_dim: 128, tied: false });
    const bias = fields.flag('attention_bias', false);
    return readQwen(
      fields,
      shape,
      groupedQueryProjections(shape, { qkv: bias, out: bias }),
      2 * shape.head_dim,
    );
  },
};

function readQwen(fields: ConfigFields, shape: DecoderShape, projections: Weights, headNorms: number) {
  const { layers, hidden, vocabulary, tied } = shape;
  return {
    layers,
    hidden,
    vocabulary,
    parts: [
      ...embeddingAndHead(vocabulary, hidden, tied),
      part('attention_projections', times(layers, projections)),
      attentionScores(attentionCores(shape, qwenWindows(fields, layers))),
      part('mlp', times(layers, gatedMlp(hidden, fields.count('intermediate_size')))),
      part('norms', vector(layers * (2 * hidden + headNorms) + hidden)),
    ],
    notes: [],
  };
}

/**
 * Windows count only with `use_sliding_window`, which published files switch off; then they are in the layers that
 * `layer_types` names, else in those from `max_window_layers` (28 where left out) upward.
 */
export function qwenWindows(
  fields: ConfigFields,
  layers: number,
): { layers: number; reach: AttentionReach } | undefined {
  if (!fields.flag('use_sliding_window', false)) return undefined;
  const window = fields.count('sliding_window', 4096);
  const upper = Math.max(0, layers - fields.countFromZero('max_window_layers', 28));
  return {
    layers: layersOfType(fields, layers, 'sliding_attention') ?? upper,
    reach: { kind: 'window', tokens: window },
  };
}

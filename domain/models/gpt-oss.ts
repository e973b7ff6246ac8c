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
 * gpt-oss: biases in attention, router and experts, a sink per head, experts in every layer (`intermediate_size` is
 * the width of one), and a sliding window in every other layer, the first among them.
 */
export const GPT_OSS: ModelFamily = {
  model_types: ['gpt_oss'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 64, tied: false });
    const { layers, hidden, heads, vocabulary, tied } = shape;
    const experts = fields.count(['num_local_experts', 'num_experts']);
    const bias = fields.flag('attention_bias', true);
    const projections = groupedQueryProjections(shape, { qkv: bias, out: bias });
    const windowed = layersOfType(fields, layers, 'sliding_attention') ?? Math.ceil(layers / 2);
    const used = fields.count(['num_experts_per_tok', 'experts_per_token']);
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('attention_projections', times(layers, sum(projections, vector(heads)))),
        attentionScores(
          attentionCores(shape, {
            layers: windowed,
            reach: { kind: 'window', tokens: fields.count('sliding_window', 128) },
          }),
        ),
        expertsPart(gatedMlp(hidden, fields.count('intermediate_size'), true), layers, experts, used),
        part('router', times(layers, linear(hidden, experts, true))),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [],
    };
  },
};

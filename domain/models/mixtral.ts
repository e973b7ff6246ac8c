import { attentionCores, decoderShape, groupedQueryProjections } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { slidingWindow } from './llama.ts';
import {
  attentionScores,
  embeddingAndHead,
  expertsPart,
  gatedMlp,
  linear,
  part,
  times,
  vector,
} from './parts.ts';

/** Mistral's attention with routed experts instead of the MLP, in every layer. */
export const MIXTRAL: ModelFamily = {
  model_types: ['mixtral'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const experts = fields.count('num_local_experts', 8);
    const used = fields.count('num_experts_per_tok', 2);
    const reach = slidingWindow(fields, null);
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('attention_projections', times(layers, groupedQueryProjections(shape))),
        attentionScores(attentionCores(shape, reach === null ? undefined : { layers, reach })),
        expertsPart(gatedMlp(hidden, fields.count('intermediate_size')), layers, experts, used),
        part('router', times(layers, linear(hidden, experts))),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [],
    };
  },
};

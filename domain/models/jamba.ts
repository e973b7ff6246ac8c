import type { ConfigFields } from './config-fields.ts';
import { attentionCores, decoderShape, groupedQueryProjections } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { mamba1Mixer, SCAN_NOTE, timeStepRank } from './mamba.ts';
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
 * Jamba: Mamba 1 layers with norms over the time step and the two state projections, an attention layer every
 * `attn_layer_period`, and after each an MLP or, every `expert_layer_period`, experts of the same width.
 */
export const JAMBA: ModelFamily = {
  model_types: ['jamba'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const attention = countEvery(layers, fields.count('attn_layer_period', 8), offset(fields, 'attn', 4));
    const experts = fields.count('num_experts', 16);
    const sparse =
      experts === 1
        ? 0
        : countEvery(layers, fields.count('expert_layer_period', 2), offset(fields, 'expert', 1));
    const mamba = mixerOf(fields, hidden);
    const mlp = gatedMlp(hidden, fields.count('intermediate_size'));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('attention_projections', times(attention, groupedQueryProjections(shape))),
        attentionScores(attentionCores({ ...shape, layers: attention })),
        part('state_space', times(layers - attention, mamba.weights), {
          scan_flops: (layers - attention) * mamba.scan_flops,
        }),
        part('mlp', times(layers - sparse, mlp)),
        ...(sparse === 0
          ? []
          : [
              expertsPart(mlp, sparse, experts, fields.count('num_experts_per_tok', 2)),
              part('router', times(sparse, linear(hidden, experts))),
            ]),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [SCAN_NOTE],
    };
  },
};

function mixerOf(fields: ConfigFields, hidden: number) {
  const states = fields.count('mamba_d_state', 16);
  const rank = timeStepRank(fields, 'mamba_dt_rank', hidden);
  const mixer = mamba1Mixer({
    hidden,
    inner: fields.count('mamba_expand', 2) * hidden,
    states,
    rank,
    kernel: fields.count('mamba_d_conv', 4),
    conv_bias: fields.flag('mamba_conv_bias', true),
    bias: fields.flag('mamba_proj_bias', false),
  });
  return { ...mixer, weights: sum(mixer.weights, vector(rank + 2 * states)) };
}

function offset(fields: ConfigFields, kind: 'attn' | 'expert', leftOut: number): number {
  return fields.countFromZero(`${kind}_layer_offset`, leftOut);
}

/** How many of `layers` lie at `first`, `first + period`, ... */
function countEvery(layers: number, period: number, first: number): number {
  return Array.from({ length: layers }, (_, layer) => layer).filter((layer) => layer % period === first)
    .length;
}

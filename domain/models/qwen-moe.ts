import type { ConfigFields } from './config-fields.ts';
import { attentionCores, type DecoderShape, decoderShape, groupedQueryProjections } from './decoder.ts';
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
  type Weights,
} from './parts.ts';
import { qwenWindows } from './qwen.ts';

/** Qwen1.5-MoE and Qwen2-MoE: Qwen2's attention, routed experts, and one shared expert behind a gate of its own. */
export const QWEN2_MOE: ModelFamily = {
  model_types: ['qwen2_moe'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 16, head_dim: 'hidden / heads', tied: false });
    const bias = fields.flag('qkv_bias', true);
    const width = fields.count('shared_expert_intermediate_size');
    return readQwenMoe(fields, shape, {
      projections: groupedQueryProjections(shape, { qkv: bias, out: false }),
      headNorms: 0,
      shared: gatedMlp(shape.hidden, width),
      sharedGate: linear(shape.hidden, 1),
    });
  },
};

/** Qwen3-MoE: Qwen3's attention, routed experts only. */
export const QWEN3_MOE: ModelFamily = {
  model_types: ['qwen3_moe'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 4, head_dim: 'hidden / heads', tied: false });
    const bias = fields.flag('attention_bias', false);
    return readQwenMoe(fields, shape, {
      projections: groupedQueryProjections(shape, { qkv: bias, out: bias }),
      headNorms: 2 * shape.head_dim,
      shared: vector(0),
      sharedGate: vector(0),
    });
  },
};

interface QwenMoe {
  readonly projections: Weights;
  readonly headNorms: number;
  readonly shared: Weights;
  readonly sharedGate: Weights;
}

function readQwenMoe(fields: ConfigFields, shape: DecoderShape, family: QwenMoe) {
  const { layers, hidden, vocabulary, tied } = shape;
  return {
    layers,
    hidden,
    vocabulary,
    parts: [
      ...embeddingAndHead(vocabulary, hidden, tied),
      part('attention_projections', times(layers, family.projections)),
      attentionScores(attentionCores(shape, qwenWindows(fields, layers))),
      ...qwenExperts(fields, layers, hidden, family),
      part('norms', vector(layers * (2 * hidden + family.headNorms) + hidden)),
    ],
    notes: [],
  };
}

/** The MLPs of a Qwen with experts: routed and shared ones in the sparse layers, plain ones in the others. */
export function qwenExperts(
  fields: ConfigFields,
  layers: number,
  hidden: number,
  { shared, sharedGate }: Pick<QwenMoe, 'shared' | 'sharedGate'>,
) {
  const experts = fields.count(['num_experts', 'num_local_experts']);
  const used = fields.count('num_experts_per_tok');
  const sparse = sparseLayers(fields, layers);
  const expert = gatedMlp(hidden, fields.count('moe_intermediate_size'));
  const dense = layers === sparse ? vector(0) : gatedMlp(hidden, fields.count('intermediate_size'));
  return [
    part('mlp', sum(times(layers - sparse, dense), times(sparse, shared))),
    expertsPart(expert, sparse, experts, used),
    part('router', times(sparse, sum(linear(hidden, experts), sharedGate))),
  ];
}

/** Every `decoder_sparse_step`-th layer has experts, except those that `mlp_only_layers` lists. */
function sparseLayers(fields: ConfigFields, layers: number): number {
  const step = fields.count('decoder_sparse_step', 1);
  const plain = new Set(fields.numbers('mlp_only_layers') ?? []);
  return Array.from({ length: layers }, (_, layer) => layer).filter(
    (layer) => (layer + 1) % step === 0 && !plain.has(layer),
  ).length;
}

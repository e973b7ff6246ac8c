import { type AttentionCore, REACHES_ALL } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';
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

/**
 * DeepSeek V2, V3 and Kimi K2: latent attention (keys and values, and except in the Lite models queries, pass a low
 * rank), first layers dense, then shared and routed experts. Scores use `qk_nope + qk_rope` dimensions a head, values
 * `v_head_dim`.
 */
export const DEEPSEEK: ModelFamily = {
  model_types: ['deepseek_v2', 'deepseek_v3', 'kimi_k2'],
  read: (fields, model_type) => {
    const hidden = fields.count('hidden_size');
    const layers = fields.layers('num_hidden_layers');
    const vocabulary = fields.count('vocab_size');
    const attention = latentAttention(fields, hidden);
    const v2 = model_type === 'deepseek_v2';
    const moe = expertLayers(fields, hidden, layers, { correctionBias: !v2, firstDense: v2 ? 0 : 3 });
    const dense = gatedMlp(hidden, fields.count('intermediate_size'));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, fields.flag('tie_word_embeddings', false)),
        part('attention_projections', times(layers, attention.projections)),
        attentionScores([{ ...attention.core, layers }]),
        part('mlp', sum(times(layers - moe.layers, dense), times(moe.layers, moe.shared))),
        expertsPart(moe.expert, moe.layers, moe.stored, moe.used),
        part('router', times(moe.layers, moe.router)),
        part('norms', sum(times(layers, sum(attention.norms, vector(2 * hidden))), vector(hidden))),
        ...nextTokenModules(fields, hidden, vocabulary, attention, moe),
      ],
      notes:
        moe.shared.parameters > 0 ? ['shared experts are counted under mlp: every token passes them'] : [],
    };
  },
};

export interface LatentAttention {
  readonly projections: Weights;
  readonly norms: Weights;
  readonly core: Omit<AttentionCore, 'layers'>;
}

export function latentAttention(fields: ConfigFields, hidden: number): LatentAttention {
  const heads = fields.count('num_attention_heads');
  const queryRank = fields.countOrNull('q_lora_rank');
  const rank = fields.count('kv_lora_rank');
  const nope = fields.count('qk_nope_head_dim');
  const rope = fields.count('qk_rope_head_dim');
  const value = fields.count('v_head_dim');
  const bias = fields.flag('attention_bias', false);
  const queries =
    queryRank === null
      ? linear(hidden, heads * (nope + rope))
      : sum(linear(hidden, queryRank, bias), linear(queryRank, heads * (nope + rope)));
  return {
    projections: sum(
      queries,
      linear(hidden, rank + rope, bias),
      linear(rank, heads * (nope + value)),
      linear(heads * value, hidden, bias),
    ),
    norms: vector((queryRank ?? 0) + rank),
    core: { heads, qk_dim: nope + rope, value_dim: value, reach: REACHES_ALL },
  };
}

export interface ExpertLayers {
  readonly layers: number;
  readonly stored: number;
  readonly used: number;
  readonly expert: Weights;
  readonly shared: Weights;
  readonly router: Weights;
}

/** V3's router has a correction bias per expert that training adjusts; published counts include it. */
export function expertLayers(
  fields: ConfigFields,
  hidden: number,
  layers: number,
  { correctionBias, firstDense }: { readonly correctionBias: boolean; readonly firstDense: number },
): ExpertLayers {
  const stored = fields.countFromZero(['n_routed_experts', 'num_experts'], 0);
  if (stored === 0) {
    const none = vector(0);
    return { layers: 0, stored, used: 0, expert: none, shared: none, router: none };
  }
  const first = Math.min(layers, fields.countFromZero('first_k_dense_replace', firstDense));
  const every = fields.count('moe_layer_freq', 1);
  const expert = gatedMlp(hidden, fields.count('moe_intermediate_size'));
  const shared = fields.countFromZero(['n_shared_experts', 'num_shared_experts'], 0);
  return {
    layers: Array.from({ length: layers }, (_, layer) => layer).filter(
      (layer) => layer >= first && layer % every === 0,
    ).length,
    stored,
    used: fields.count(['num_experts_per_tok', 'num_experts_per_token']),
    expert,
    shared: times(shared, expert),
    router: sum(linear(hidden, stored), vector(correctionBias ? stored : 0)),
  };
}

/**
 * Multi-token prediction: one more expert layer per module, two norms and a 2h x h projection before it, a norm after
 * it, and a second pass of the head's logits. Embedding and head are the model's own and not stored again. Published
 * totals (671 B for V3) leave the modules out, so they are shown and not summed.
 */
export function nextTokenModules(
  fields: ConfigFields,
  hidden: number,
  vocabulary: number,
  attention: LatentAttention,
  moe: ExpertLayers,
) {
  const modules = fields.countFromZero('num_nextn_predict_layers', 0);
  if (modules === 0) return [];
  const always = sum(
    attention.projections,
    attention.norms,
    moe.shared,
    moe.router,
    linear(2 * hidden, hidden),
    vector(5 * hidden),
  );
  return [
    part('mtp', times(modules, sum(always, times(moe.stored, moe.expert))), {
      active_parameters: modules * (always.parameters + moe.used * moe.expert.parameters),
      matmul_parameters: modules * (always.matmul + moe.used * moe.expert.matmul + vocabulary * hidden),
      attention: [{ ...attention.core, layers: modules }],
      in_totals: false,
    }),
  ];
}

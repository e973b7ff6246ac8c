import type { ConfigFields } from './config-fields.ts';
import { attentionCores, decoderShape, layersOfType } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, gatedMlp, linear, part, sum, times, vector } from './parts.ts';
import { qwenExperts } from './qwen-moe.ts';

/**
 * Qwen3-Next: three layers of gated delta rule (linear in the sequence), then one of gated full attention; experts
 * and one gated shared expert in every layer.
 */
export const QWEN3_NEXT: ModelFamily = {
  model_types: ['qwen3_next'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 2, head_dim: 256, tied: false });
    const { layers, hidden, heads, kv_heads, head_dim, vocabulary, tied } = shape;
    const interval = fields.count('full_attention_interval', 4);
    const full = layersOfType(fields, layers, 'full_attention') ?? Math.floor(layers / interval);
    const bias = fields.flag('attention_bias', false);
    const projections = sum(
      linear(hidden, 2 * heads * head_dim, bias),
      times(2, linear(hidden, kv_heads * head_dim, bias)),
      linear(heads * head_dim, hidden, bias),
    );
    const delta = gatedDeltaRule(fields, hidden);
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('attention_projections', times(full, projections)),
        attentionScores(attentionCores({ ...shape, layers: full })),
        part('linear_attention', times(layers - full, delta.weights), {
          scan_flops: (layers - full) * delta.scan_flops,
        }),
        ...qwenExperts(fields, layers, hidden, {
          shared: gatedMlp(hidden, fields.count('shared_expert_intermediate_size')),
          sharedGate: linear(hidden, 1),
        }),
        part('norms', vector((2 * layers + 1) * hidden + full * 2 * head_dim)),
      ],
      notes: [
        'delta-rule FLOPs as Megatron-LM counts them: four products of a head’s state, and the short convolution',
      ],
    };
  },
};

/**
 * Projections of queries, keys, values and the output gate, of the two scalars a value head has, a short convolution
 * and a state of key by value size a head. The core is counted as in Megatron-LM (training.py, gdn_layer_flops at
 * d98e8a64dd): K K^T, V K^T, S (a (I - b K K^T)) and S Q.
 */
function gatedDeltaRule(fields: ConfigFields, hidden: number) {
  const valueHeads = fields.count('linear_num_value_heads');
  const keySize = fields.count('linear_key_head_dim');
  const valueSize = fields.count('linear_value_head_dim');
  const keys = fields.count('linear_num_key_heads') * keySize;
  const values = valueHeads * valueSize;
  const convolution = (2 * keys + values) * fields.count('linear_conv_kernel_dim', 4);
  return {
    weights: sum(
      linear(hidden, 2 * keys + 2 * values),
      linear(hidden, 2 * valueHeads),
      vector(convolution + 2 * valueHeads + valueSize),
      linear(values, hidden),
    ),
    scan_flops: 2 * convolution + 2 * 4 * valueHeads * keySize * valueSize,
  };
}

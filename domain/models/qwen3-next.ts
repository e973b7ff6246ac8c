import type { ModelPart } from './architecture.ts';
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
  read: (fields) => readDeltaHybrid(fields, { kv_heads: 2, mlps: expertMlps, notes: [] }),
};

/**
 * Qwen3.5: the layers of Qwen3-Next with plain MLPs, or in the `moe` models with its experts. Published files keep the
 * language model in `text_config`.
 */
export const QWEN35: ModelFamily = {
  model_types: ['qwen3_5', 'qwen3_5_text', 'qwen3_5_moe', 'qwen3_5_moe_text'],
  read: (outer, model_type) => {
    const fields = outer.inside('text_config') ?? outer;
    const experts = model_type.includes('moe');
    return readDeltaHybrid(fields, {
      kv_heads: experts ? 2 : 4,
      mlps: experts ? expertMlps : plainMlps,
      notes: model_type.endsWith('_text')
        ? []
        : ['the language model only: the part that sees is not counted'],
    });
  },
};

interface DeltaHybrid {
  /** Key and value heads where the file leaves them out. */
  readonly kv_heads: number;
  readonly mlps: (fields: ConfigFields, layers: number, hidden: number) => ModelPart[];
  readonly notes: readonly string[];
}

function readDeltaHybrid(fields: ConfigFields, family: DeltaHybrid) {
  const shape = decoderShape(fields, { kv_heads: family.kv_heads, head_dim: 256, tied: false });
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
      ...family.mlps(fields, layers, hidden),
      part('norms', vector((2 * layers + 1) * hidden + full * 2 * head_dim)),
    ],
    notes: [DELTA_NOTE, ...family.notes],
  };
}

export const DELTA_NOTE =
  'delta-rule FLOPs as Megatron-LM counts them: four products of a head’s state, and the short convolution';

function expertMlps(fields: ConfigFields, layers: number, hidden: number): ModelPart[] {
  return qwenExperts(fields, layers, hidden, {
    shared: gatedMlp(hidden, fields.count('shared_expert_intermediate_size')),
    sharedGate: linear(hidden, 1),
  });
}

function plainMlps(fields: ConfigFields, layers: number, hidden: number): ModelPart[] {
  return [part('mlp', times(layers, gatedMlp(hidden, fields.count('intermediate_size'))))];
}

/**
 * Projections of queries, keys, values and the output gate, of the two scalars a value head has, a short convolution
 * and a state of key by value size a head. The core is counted as in Megatron-LM (training.py, gdn_layer_flops at
 * d98e8a64dd): K K^T, V K^T, S (a (I - b K K^T)) and S Q.
 */
function gatedDeltaRule(fields: ConfigFields, hidden: number) {
  const valueHeads = fields.count('linear_num_value_heads', 32);
  const keySize = fields.count('linear_key_head_dim', 128);
  const valueSize = fields.count('linear_value_head_dim', 128);
  const keys = fields.count('linear_num_key_heads', 16) * keySize;
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

import type { ModelPart } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';
import { attentionCores, type DecoderShape, groupedQueryProjections } from './decoder.ts';
import { prefixedMamba2Mixer } from './mamba.ts';
import { attentionScores, part, times } from './parts.ts';

/**
 * What Bamba and Granite 4 share: `attention` of the layers attend, with biases where `attention_bias` says so, and all
 * others are Mamba 2 mixers with a gated norm, whose fields begin with `mamba_`.
 */
export function mamba2AndAttention(
  fields: ConfigFields,
  shape: DecoderShape,
  attention: number,
): ModelPart[] {
  const { layers, hidden } = shape;
  const inner = fields.count('mamba_expand', 2) * hidden;
  const mamba = prefixedMamba2Mixer(fields, hidden, { inner, gated_norm: true });
  const bias = fields.flag('attention_bias', false);
  return [
    part('attention_projections', times(attention, groupedQueryProjections(shape, { qkv: bias, out: bias }))),
    attentionScores(attentionCores({ ...shape, layers: attention })),
    part('state_space', times(layers - attention, mamba.weights), {
      scan_flops: (layers - attention) * mamba.scan_flops,
    }),
  ];
}

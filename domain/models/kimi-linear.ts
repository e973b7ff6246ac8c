import type { ConfigFields } from './config-fields.ts';
import { expertLayers, latentAttention, nextTokenModules } from './deepseek.ts';
import type { ModelFamily } from './family.ts';
import { BadModelConfig } from './model-errors.ts';
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
import { DELTA_NOTE } from './qwen3-next.ts';

/** Kimi Linear: delta attention with a decay per channel in most layers, latent attention in the others, experts. */
export const KIMI_LINEAR: ModelFamily = {
  model_types: ['kimi_linear'],
  read: (fields) => {
    const hidden = fields.count('hidden_size');
    const layers = fields.layers('num_hidden_layers');
    const vocabulary = fields.count('vocab_size');
    const attention = latentAttention(fields, hidden);
    const moe = expertLayers(fields, hidden, layers, { correctionBias: true, firstDense: 0 });
    const mixer = fields.inside('linear_attn_config');
    const full = mixer === null ? layers : fullLayers(mixer, layers);
    const delta = mixer === null ? null : deltaAttention(mixer, hidden);
    const dense = gatedMlp(hidden, fields.count('intermediate_size'));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, fields.flag('tie_word_embeddings', false)),
        part('attention_projections', times(full, attention.projections)),
        attentionScores([{ ...attention.core, layers: full }]),
        ...(delta === null
          ? []
          : [
              part('linear_attention', times(layers - full, delta.weights), {
                scan_flops: (layers - full) * delta.scan_flops,
              }),
            ]),
        part('mlp', sum(times(layers - moe.layers, dense), times(moe.layers, moe.shared))),
        expertsPart(moe.expert, moe.layers, moe.stored, moe.used),
        part('router', times(moe.layers, moe.router)),
        part('norms', sum(times(full, attention.norms), vector((2 * layers + 1) * hidden))),
        ...nextTokenModules(fields, hidden, vocabulary, attention, moe),
      ],
      notes: [DELTA_NOTE],
    };
  },
};

function fullLayers(mixer: ConfigFields, layers: number): number {
  const full = mixer.numbers('full_attn_layers');
  const delta = mixer.numbers('kda_layers');
  if (full !== null && delta !== null && full.length + delta.length === layers) return full.length;
  throw new BadModelConfig(
    'linear_attn_config',
    `config field linear_attn_config needs full_attn_layers and kda_layers, ${layers} layers together.`,
  );
}

/** Queries, keys and values with a short convolution each; decay and output gate pass a rank of one head's size. */
function deltaAttention(mixer: ConfigFields, hidden: number) {
  const heads = mixer.count('num_heads');
  const size = mixer.count('head_dim');
  const width = heads * size;
  const convolution = 3 * width * mixer.count('short_conv_kernel_size', 4);
  const lowRank = sum(linear(hidden, size), linear(size, width));
  return {
    weights: sum(
      times(3, linear(hidden, width)),
      vector(convolution),
      times(2, lowRank),
      linear(hidden, heads),
      vector(heads + width + size),
      linear(width, hidden),
    ),
    scan_flops: 2 * convolution + 2 * 4 * heads * size * size,
  };
}

import { attentionCores, decoderShape, groupedQueryProjections } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { prefixedMamba2Mixer, SCAN_NOTE } from './mamba.ts';
import { attentionScores, embeddingAndHead, gatedMlp, part, times, vector } from './parts.ts';

/** Falcon-H1: every layer has attention and a Mamba 2 mixer side by side, and an MLP after them. */
export const FALCON_H1: ModelFamily = {
  model_types: ['falcon_h1'],
  read: (fields) => {
    const shape = decoderShape(fields, { kv_heads: 8, head_dim: 'hidden / heads', tied: false });
    const { layers, hidden, vocabulary, tied } = shape;
    const leftOut = fields.written('mamba_d_ssm') ? fields.count('mamba_expand', 2) * hidden : 1024;
    const mamba = prefixedMamba2Mixer(fields, hidden, {
      inner: fields.count('mamba_d_ssm', leftOut),
      gated_norm: fields.flag('mamba_rms_norm', false),
    });
    const bias = fields.flag('attention_bias', false);
    const mlp = gatedMlp(hidden, fields.count('intermediate_size'), fields.flag('mlp_bias', false));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part(
          'attention_projections',
          times(layers, groupedQueryProjections(shape, { qkv: bias, out: bias })),
        ),
        attentionScores(attentionCores(shape)),
        part('state_space', times(layers, mamba.weights), { scan_flops: layers * mamba.scan_flops }),
        part('mlp', times(layers, mlp)),
        part('norms', vector((2 * layers + 1) * hidden)),
      ],
      notes: [SCAN_NOTE],
    };
  },
};

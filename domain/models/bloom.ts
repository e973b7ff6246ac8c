import { attentionCores, dividedHidden } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, linear, part, plainMlp, sum, times, vector } from './parts.ts';

/** BLOOM: biases everywhere, a norm after the embedding, ALiBi instead of learned positions, a tied head. */
export const BLOOM: ModelFamily = {
  model_types: ['bloom'],
  read: (fields) => {
    const hidden = fields.count(['hidden_size', 'n_embed']);
    const layers = fields.layers(['n_layer', 'num_hidden_layers']);
    const heads = fields.count(['n_head', 'num_attention_heads']);
    const vocabulary = fields.count('vocab_size');
    const head_dim = dividedHidden(hidden, heads, 'n_head');
    const tied = fields.flag('tie_word_embeddings', true);
    const projections = sum(linear(hidden, 3 * hidden, true), linear(hidden, hidden, true));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('attention_projections', times(layers, projections)),
        attentionScores(
          attentionCores({ layers, hidden, heads, kv_heads: heads, head_dim, vocabulary, tied }),
        ),
        part('mlp', times(layers, plainMlp(hidden, 4 * hidden, true))),
        part('norms', vector((2 * layers + 2) * 2 * hidden)),
      ],
      notes: [],
    };
  },
};

import { attentionCores, dividedHidden } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, linear, part, plainMlp, sum, times, vector } from './parts.ts';

/** GPT-NeoX and Pythia: parallel residual, rotary positions, biases, an untied head without one. */
export const GPT_NEOX: ModelFamily = {
  model_types: ['gpt_neox'],
  read: (fields) => {
    const hidden = fields.count('hidden_size');
    const layers = fields.layers('num_hidden_layers');
    const heads = fields.count('num_attention_heads');
    const vocabulary = fields.count('vocab_size');
    const head_dim = dividedHidden(hidden, heads, 'num_attention_heads');
    const tied = fields.flag('tie_word_embeddings', false);
    const bias = fields.flag('attention_bias', true);
    const projections = sum(linear(hidden, 3 * hidden, bias), linear(hidden, hidden, bias));
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
        part('mlp', times(layers, plainMlp(hidden, fields.count('intermediate_size'), true))),
        part('norms', vector((2 * layers + 1) * 2 * hidden)),
      ],
      notes: [],
    };
  },
};

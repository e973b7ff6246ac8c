import { attentionCores, dividedHidden } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, linear, part, plainMlp, sum, times, vector } from './parts.ts';

/** GPT-2, and GPT-3 as it was described: biases everywhere, layer norms, learned positions, a tied head. */
export const GPT2: ModelFamily = {
  model_types: ['gpt2'],
  read: (fields) => {
    const hidden = fields.count(['n_embd', 'hidden_size']);
    const layers = fields.layers(['n_layer', 'num_hidden_layers']);
    const heads = fields.count(['n_head', 'num_attention_heads']);
    const vocabulary = fields.count('vocab_size');
    const positions = fields.count(['n_positions', 'max_position_embeddings'], 1024);
    const head_dim = dividedHidden(hidden, heads, 'n_head');
    const tied = fields.flag('tie_word_embeddings', true);
    const width = fields.count('n_inner', 4 * hidden);
    const projections = sum(linear(hidden, 3 * hidden, true), linear(hidden, hidden, true));
    return {
      layers,
      hidden,
      vocabulary,
      parts: [
        ...embeddingAndHead(vocabulary, hidden, tied),
        part('embedding', vector(positions * hidden)),
        part('attention_projections', times(layers, projections)),
        attentionScores(
          attentionCores({ layers, hidden, heads, kv_heads: heads, head_dim, vocabulary, tied }),
        ),
        part('mlp', times(layers, plainMlp(hidden, width, true))),
        part('norms', vector((2 * layers + 1) * 2 * hidden)),
      ],
      notes: [`positions are learned: sequences longer than ${positions} tokens cannot be fed to this model`],
    };
  },
};

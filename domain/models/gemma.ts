import { type AttentionReach, REACHES_ALL } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';
import {
  attentionCores,
  type DecoderShape,
  decoderShape,
  groupedQueryProjections,
  layersOfType,
} from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { attentionScores, embeddingAndHead, gatedMlp, part, times, vector } from './parts.ts';

interface GemmaGeneration {
  /** Norms of the hidden size in a layer: before, and since Gemma 2 also after, attention and MLP. */
  readonly layerNorms: 2 | 4;
  /** A norm over query and key heads, since Gemma 3. */
  readonly headNorms: boolean;
  readonly windowed: { readonly layers: number; readonly reach: AttentionReach };
  readonly notes: readonly string[];
}

const HEADS = { head_dim: 256, tied: true } as const;

export const GEMMA: ModelFamily = {
  model_types: ['gemma'],
  read: (fields) => {
    const shape = decoderShape(fields, { ...HEADS, kv_heads: 16 });
    return readGemma(fields, shape, { layerNorms: 2, headNorms: false, windowed: NO_WINDOW, notes: [] });
  },
};

/** Gemma 2: every other layer, the first among them, sees a window. */
export const GEMMA2: ModelFamily = {
  model_types: ['gemma2'],
  read: (fields) => {
    const shape = decoderShape(fields, { ...HEADS, kv_heads: 4 });
    const windowed = windowedLayers(fields, shape.layers, 2);
    return readGemma(fields, shape, { layerNorms: 4, headNorms: false, windowed, notes: [] });
  },
};

/**
 * Gemma 3: five layers with a window, then one without. Published files of the models that also see keep the language
 * model in `text_config` and leave out of it what equals the class defaults.
 */
export const GEMMA3: ModelFamily = {
  model_types: ['gemma3', 'gemma3_text'],
  read: (outer, model_type) => {
    const fields = outer.inside('text_config') ?? outer;
    const shape = decoderShape(fields, { ...HEADS, kv_heads: 4, heads: 8, vocabulary: 262_208 });
    const windowed = windowedLayers(fields, shape.layers, fields.count(PATTERN, 6));
    const notes =
      model_type === 'gemma3' ? ['the language model only: the part that sees is not counted'] : [];
    return readGemma(fields, shape, { layerNorms: 4, headNorms: true, windowed, notes });
  },
};

const PATTERN = ['sliding_window_pattern', '_sliding_window_pattern'];
const NO_WINDOW = { layers: 0, reach: REACHES_ALL };

/** All but every `period`-th layer have the window, unless `layer_types` says otherwise. */
function windowedLayers(fields: ConfigFields, layers: number, period: number) {
  return {
    layers: layersOfType(fields, layers, 'sliding_attention') ?? layers - Math.floor(layers / period),
    reach: { kind: 'window', tokens: fields.count('sliding_window', 4096) },
  } as const;
}

function readGemma(fields: ConfigFields, shape: DecoderShape, generation: GemmaGeneration) {
  const { layers, hidden, head_dim, vocabulary, tied } = shape;
  const bias = fields.flag('attention_bias', false);
  const norms = generation.layerNorms * hidden + (generation.headNorms ? 2 * head_dim : 0);
  return {
    layers,
    hidden,
    vocabulary,
    parts: [
      ...embeddingAndHead(vocabulary, hidden, tied),
      part('attention_projections', times(layers, groupedQueryProjections(shape, { qkv: bias, out: bias }))),
      attentionScores(attentionCores(shape, generation.windowed)),
      part('mlp', times(layers, gatedMlp(hidden, fields.count('intermediate_size')))),
      part('norms', vector(layers * norms + hidden)),
    ],
    notes: generation.notes,
  };
}

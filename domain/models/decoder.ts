import { type AttentionCore, type AttentionReach, REACHES_ALL } from './architecture.ts';
import type { ConfigFields } from './config-fields.ts';
import { BadModelConfig } from './model-errors.ts';
import { linear, sum, times, type Weights } from './parts.ts';

/** The fields that nearly every decoder-only transformer publishes under the same names. */
export interface DecoderShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kv_heads: number;
  readonly head_dim: number;
  readonly vocabulary: number;
  readonly tied: boolean;
}

export interface DecoderDefaults {
  /** What the family's configuration class takes when the file leaves `num_key_value_heads` out. */
  readonly kv_heads: 'as heads' | number;
  /** Likewise `head_dim`; most divide the hidden size by the heads. */
  readonly head_dim: 'hidden / heads' | number;
  readonly tied: boolean;
  /** Only for families whose published files leave these out too; elsewhere they are required. */
  readonly heads?: number;
  readonly vocabulary?: number;
}

export function decoderShape(fields: ConfigFields, defaults: DecoderDefaults): DecoderShape {
  const hidden = fields.count('hidden_size');
  const heads = fields.count('num_attention_heads', defaults.heads);
  const kv_heads = fields.count(
    'num_key_value_heads',
    defaults.kv_heads === 'as heads' ? heads : defaults.kv_heads,
  );
  if (heads % kv_heads !== 0) {
    throw new BadModelConfig(
      'num_key_value_heads',
      `config field num_key_value_heads is ${kv_heads}: it must divide num_attention_heads (${heads}).`,
    );
  }
  return {
    layers: fields.layers('num_hidden_layers'),
    hidden,
    heads,
    kv_heads,
    head_dim: headDim(fields, hidden, heads, defaults.head_dim),
    vocabulary: fields.count('vocab_size', defaults.vocabulary),
    tied: fields.flag('tie_word_embeddings', defaults.tied),
  };
}

/**
 * `head_dim` is a field of its own: in Qwen3 and Gemma, heads x head_dim is not the hidden size, and a reader that
 * divides gets parameters and attention FLOPs wrong.
 */
function headDim(
  fields: ConfigFields,
  hidden: number,
  heads: number,
  fallback: DecoderDefaults['head_dim'],
): number {
  const given = fields.countOrNull('head_dim');
  if (given !== null) return given;
  return fallback === 'hidden / heads' ? dividedHidden(hidden, heads, 'num_attention_heads') : fallback;
}

/** Hidden size by heads, for families without a `head_dim` field. */
export function dividedHidden(hidden: number, heads: number, field: string): number {
  if (hidden % heads === 0) return hidden / heads;
  throw new BadModelConfig(
    field,
    `config field ${field} is ${heads}: it must divide the hidden size (${hidden}).`,
  );
}

/** Query, key, value and output projections of one layer. */
export function groupedQueryProjections(
  { hidden, heads, kv_heads, head_dim }: DecoderShape,
  bias: { readonly qkv: boolean; readonly out: boolean } = { qkv: false, out: false },
): Weights {
  return sum(
    linear(hidden, heads * head_dim, bias.qkv),
    times(2, linear(hidden, kv_heads * head_dim, bias.qkv)),
    linear(heads * head_dim, hidden, bias.out),
  );
}

/** Attention of a decoder whose `windowed` layers look back only `window` tokens. */
export function attentionCores(
  { layers, heads, head_dim }: DecoderShape,
  shortened: { readonly layers: number; readonly reach: AttentionReach } = { layers: 0, reach: REACHES_ALL },
): AttentionCore[] {
  const core = { heads, qk_dim: head_dim, value_dim: head_dim };
  return [
    { ...core, layers: layers - shortened.layers, reach: REACHES_ALL },
    { ...core, layers: shortened.layers, reach: shortened.reach },
  ];
}

/** How many of the layers `layer_types` calls by a name, or null where the file has no such list. */
export function layersOfType(fields: ConfigFields, layers: number, type: string): number | null {
  const types = fields.words('layer_types');
  if (types === null) return null;
  if (types.length !== layers) {
    throw new BadModelConfig(
      'layer_types',
      `config field layer_types names ${types.length} layers, num_hidden_layers is ${layers}.`,
    );
  }
  return types.filter((name) => name === type).length;
}

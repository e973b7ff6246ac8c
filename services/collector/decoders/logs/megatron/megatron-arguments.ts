import type { ModelConfig, Parallelism, Recompute } from '../../../../../domain/events.ts';
import type { JobFacts } from '../log-format.ts';
import { numberFrom } from '../log-text.ts';
import { definedOf } from '../run-writer.ts';

/** A line of the argument dump: `  num_layers ...................................... 32`. */
const ARGUMENT = /^\s*([a-z][a-z0-9_]*) \.{3,} (.*)$/;

export function argumentIn(text: string): readonly [string, string] | undefined {
  const match = ARGUMENT.exec(text);
  return match?.[1] === undefined ? undefined : [match[1], (match[2] ?? '').trim()];
}

/** `using world size: 384, data-parallel-size: 8, ..., tensor-model-parallel size: 4, pipeline-model-parallel size: 12`. */
export function worldIn(text: string): JobFacts | undefined {
  const match = /using world size: (\d+)/.exec(text);
  if (match === null) return undefined;
  const after = (pattern: RegExp): number | undefined => numberFrom(pattern.exec(text)?.[1]);
  const parallelism: Parallelism = definedOf({
    dp: after(/data-parallel[- ]size: (\d+)/),
    tp: after(/tensor-model-parallel[- ]size: (\d+)/),
    pp: after(/pipeline-model-parallel[- ]size: (\d+)/),
    cp: after(/context-parallel[- ]size: (\d+)/),
  });
  return { device_count: Number(match[1]), parallelism };
}

/** What the argument dump says about the job. Model shapes that Megatron can train but no published family has: none. */
export function factsFrom(args: ReadonlyMap<string, string>): JobFacts {
  const number = (name: string): number | undefined => numberFrom(args.get(name));
  return definedOf({
    device_count: number('world_size'),
    sequence_length: number('seq_length'),
    global_batch_sequences: number('global_batch_size'),
    dtype: dtypeFrom(args),
    recompute: recomputeFrom(args),
    model: modelFrom(args),
  });
}

function dtypeFrom(args: ReadonlyMap<string, string>): string | undefined {
  const fp8 = args.get('fp8');
  if (fp8 !== undefined && fp8 !== 'None' && fp8 !== 'False') return 'fp8';
  if (args.get('bf16') === 'True') return 'bf16';
  return args.get('fp16') === 'True' ? 'fp16' : undefined;
}

function recomputeFrom(args: ReadonlyMap<string, string>): Recompute | undefined {
  const granularity = args.get('recompute_granularity');
  if (granularity === 'full' || granularity === 'selective') return granularity;
  if (granularity === 'None') return 'none';
  const old = args.get('checkpoint_activations');
  return old === 'True' ? 'full' : old === 'False' ? 'none' : undefined;
}

function modelFrom(args: ReadonlyMap<string, string>): ModelConfig | undefined {
  const number = (name: string): number | undefined => numberFrom(args.get(name));
  const flag = (name: string): boolean => args.get(name) === 'True';
  const shape = {
    hidden_size: number('hidden_size'),
    num_hidden_layers: number('num_layers'),
    num_attention_heads: number('num_attention_heads'),
    vocab_size: number('padded_vocab_size') ?? number('vocab_size'),
  };
  const known = Object.values(shape).every((value) => value !== undefined);
  if (!known || flag('multi_latent_attention') || flag('is_hybrid_model')) return undefined;
  const rope = args.get('position_embedding_type') === 'rope' || flag('use_rotary_position_embeddings');
  const ffn = number('ffn_hidden_size');
  if (rope && flag('swiglu') && ffn !== undefined) return llamaOf(args, shape, ffn);
  const learned = !rope && (args.get('position_embedding_type') ?? 'learned_absolute') === 'learned_absolute';
  const plain = learned && !flag('swiglu') && number('num_experts') === undefined;
  if (!plain || flag('untie_embeddings_and_output_weights')) return undefined;
  return definedOf({
    model_type: 'gpt2',
    n_embd: shape.hidden_size,
    n_layer: shape.num_hidden_layers,
    n_head: shape.num_attention_heads,
    n_inner: ffn,
    n_positions: number('max_position_embeddings'),
    vocab_size: shape.vocab_size,
  });
}

function llamaOf(
  args: ReadonlyMap<string, string>,
  shape: Readonly<Record<string, number | undefined>>,
  ffn: number,
): ModelConfig | undefined {
  const number = (name: string): number | undefined => numberFrom(args.get(name));
  const grouped = args.get('group_query_attention') === 'True';
  const common = definedOf({
    ...shape,
    num_key_value_heads: grouped ? number('num_query_groups') : shape['num_attention_heads'],
    head_dim: number('kv_channels'),
    tie_word_embeddings: args.get('untie_embeddings_and_output_weights') !== 'True',
  });
  const experts = number('num_experts');
  if (experts === undefined) return { model_type: 'llama', ...common, intermediate_size: ffn };
  const every = args.get('moe_layer_freq') ?? '1';
  const shared = number('moe_shared_expert_intermediate_size');
  if (every !== '1' || shared !== undefined) return undefined;
  return {
    model_type: 'mixtral',
    ...common,
    intermediate_size: number('moe_ffn_hidden_size') ?? ffn,
    num_local_experts: experts,
    num_experts_per_tok: number('moe_router_topk') ?? 2,
  };
}

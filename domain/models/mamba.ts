import type { ConfigFields } from './config-fields.ts';
import type { ModelFamily } from './family.ts';
import { embeddingAndHead, linear, part, sum, times, vector, type Weights } from './parts.ts';

/**
 * FLOPs of the selective scan for one inner channel and one state, forward. Megatron-LM's count (training.py,
 * mamba_layer_flops at d98e8a64dd), which also leaves the short convolution out.
 */
const SCAN_FLOPS = 7;

/** A state-space mixer: its weights, and the forward FLOPs of its scan for one token. */
export interface StateSpaceMixer {
  readonly weights: Weights;
  readonly scan_flops: number;
}

/**
 * Mamba 1: per-channel time steps from a low rank, one state matrix a channel, a tied head. Falcon Mamba adds norms
 * without weights.
 */
export const MAMBA: ModelFamily = {
  model_types: ['mamba', 'falcon_mamba'],
  read: (fields) => {
    const hidden = fields.count('hidden_size');
    const mixer = mamba1Mixer({
      hidden,
      inner: fields.count('intermediate_size', fields.count('expand', 2) * hidden),
      states: fields.count('state_size', 16),
      rank: timeStepRank(fields, 'time_step_rank', hidden),
      kernel: fields.count('conv_kernel', 4),
      conv_bias: fields.flag('use_conv_bias', true),
      bias: fields.flag('use_bias', false),
    });
    return readStateSpace(fields, true, mixer);
  },
};

/** Mamba 2: heads that share a scalar decay, grouped state projections, a gated norm; untied unless said. */
export const MAMBA2: ModelFamily = {
  model_types: ['mamba2'],
  read: (fields) => {
    const mixer = mamba2Mixer({
      hidden: fields.count('hidden_size'),
      inner: fields.count('expand', 2) * fields.count('hidden_size'),
      heads: fields.count('num_heads', 128),
      states: fields.count('state_size', 128),
      groups: fields.count('n_groups', 8),
      kernel: fields.count('conv_kernel', 4),
      conv_bias: fields.flag('use_conv_bias', true),
      bias: fields.flag('use_bias', false),
      gated_norm: true,
    });
    return readStateSpace(fields, false, mixer);
  },
};

interface MixerSize {
  readonly hidden: number;
  /** Channels of the state space: the hidden size expanded. */
  readonly inner: number;
  readonly states: number;
  readonly kernel: number;
  readonly conv_bias: boolean;
  /** Of the projections into and out of the inner size. */
  readonly bias: boolean;
}

export function mamba1Mixer(size: MixerSize & { readonly rank: number }): StateSpaceMixer {
  const { hidden, inner, states, rank, bias } = size;
  return {
    weights: sum(
      linear(hidden, 2 * inner, bias),
      convolution(inner, size),
      linear(inner, rank + 2 * states),
      linear(rank, inner, true),
      vector(inner * states + inner),
      linear(inner, hidden, bias),
    ),
    scan_flops: SCAN_FLOPS * inner * states,
  };
}

/** The rank that time steps pass; `auto`, and left out, are a sixteenth of the hidden size. */
export function timeStepRank(fields: ConfigFields, name: string, hidden: number): number {
  const automatic = fields.text(name) !== null || !fields.written(name);
  return automatic ? Math.ceil(hidden / 16) : fields.count(name);
}

export function mamba2Mixer(
  size: MixerSize & {
    readonly heads: number;
    readonly groups: number;
    readonly gated_norm: boolean;
  },
): StateSpaceMixer {
  const { hidden, inner, heads, states, groups, bias } = size;
  const convolved = inner + 2 * groups * states;
  return {
    weights: sum(
      linear(hidden, inner + convolved + heads, bias),
      convolution(convolved, size),
      vector(3 * heads + (size.gated_norm ? inner : 0)),
      linear(inner, hidden, bias),
    ),
    scan_flops: SCAN_FLOPS * inner * states,
  };
}

/** The Mamba 2 mixer of hybrids, whose fields begin with `mamba_`. */
export function prefixedMamba2Mixer(
  fields: ConfigFields,
  hidden: number,
  family: { readonly inner: number; readonly gated_norm: boolean },
): StateSpaceMixer {
  return mamba2Mixer({
    hidden,
    ...family,
    heads: fields.count('mamba_n_heads', 128),
    states: fields.count('mamba_d_state', 256),
    groups: fields.count('mamba_n_groups', 1),
    kernel: fields.count('mamba_d_conv', 4),
    conv_bias: fields.flag('mamba_conv_bias', true),
    bias: fields.flag('mamba_proj_bias', false),
  });
}

function convolution(channels: number, { kernel, conv_bias }: MixerSize): Weights {
  return vector(channels * kernel + (conv_bias ? channels : 0));
}

export const SCAN_NOTE =
  'scan FLOPs are an estimate: 7 for each inner channel and state, as Megatron-LM counts them';

function readStateSpace(fields: ConfigFields, tiedByDefault: boolean, mixer: StateSpaceMixer) {
  const hidden = fields.count('hidden_size');
  const layers = fields.layers(['num_hidden_layers', 'n_layer']);
  const vocabulary = fields.count('vocab_size');
  const tied = fields.flag('tie_word_embeddings', tiedByDefault);
  return {
    layers,
    hidden,
    vocabulary,
    parts: [
      ...embeddingAndHead(vocabulary, hidden, tied),
      part('state_space', times(layers, mixer.weights), { scan_flops: layers * mixer.scan_flops }),
      part('norms', vector((layers + 1) * hidden)),
    ],
    notes: [SCAN_NOTE],
  };
}

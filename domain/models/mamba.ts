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

/** Mamba 1: per-channel time steps from a low rank, one state matrix a channel, a tied head. */
export const MAMBA: ModelFamily = {
  model_types: ['mamba'],
  read: (fields) => {
    const hidden = fields.count('hidden_size');
    const inner = fields.count('intermediate_size', fields.count('expand', 2) * hidden);
    const states = fields.count('state_size', 16);
    const automatic = fields.text('time_step_rank') !== null || !fields.written('time_step_rank');
    const rank = automatic ? Math.ceil(hidden / 16) : fields.count('time_step_rank');
    const bias = fields.flag('use_bias', false);
    const weights = sum(
      linear(hidden, 2 * inner, bias),
      convolution(fields, inner),
      linear(inner, rank + 2 * states),
      linear(rank, inner, true),
      vector(inner * states + inner),
      linear(inner, hidden, bias),
    );
    return readStateSpace(fields, true, { weights, scan_flops: SCAN_FLOPS * inner * states });
  },
};

/** Mamba 2: heads that share a scalar decay, grouped state projections, a gated norm; untied unless said. */
export const MAMBA2: ModelFamily = {
  model_types: ['mamba2'],
  read: (fields) => {
    const mixer = mamba2Mixer(fields, {
      hidden: fields.count('hidden_size'),
      inner: fields.count('expand', 2) * fields.count('hidden_size'),
      heads: fields.count('num_heads', 128),
      states: fields.count('state_size', 128),
      groups: fields.count('n_groups', 8),
    });
    return readStateSpace(fields, false, mixer);
  },
};

export function mamba2Mixer(
  fields: ConfigFields,
  size: {
    readonly hidden: number;
    readonly inner: number;
    readonly heads: number;
    readonly states: number;
    readonly groups: number;
  },
): StateSpaceMixer {
  const { hidden, inner, heads, states, groups } = size;
  const convolved = inner + 2 * groups * states;
  const bias = fields.flag('use_bias', false);
  return {
    weights: sum(
      linear(hidden, inner + convolved + heads, bias),
      convolution(fields, convolved),
      vector(3 * heads + inner),
      linear(inner, hidden, bias),
    ),
    scan_flops: SCAN_FLOPS * inner * states,
  };
}

function convolution(fields: ConfigFields, channels: number): Weights {
  const bias = fields.flag('use_conv_bias', true) ? channels : 0;
  return vector(channels * fields.count('conv_kernel', 4) + bias);
}

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
    notes: ['scan FLOPs are an estimate: 7 for each inner channel and state, as Megatron-LM counts them'],
  };
}

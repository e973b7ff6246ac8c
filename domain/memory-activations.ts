import type { Recompute } from './events.ts';
import type { Architecture, ComponentName } from './models/architecture.ts';

/** Bytes that the layers keep for the backward pass, for one token, before any division by parallelism. */
export interface TokenActivations {
  /** Inputs of norms, of the projections and of the MLP, dropout masks: every tensor-parallel rank holds all of them. */
  readonly replicated_bytes: number;
  /** What lies between the matrices of a layer: divided by tensor parallelism. */
  readonly divided_bytes: number;
  /** For each token of the sequence that a token attends to: softmax, its mask and its dropout. Divided likewise. */
  readonly score_bytes_per_token: number;
  /** The layers' inputs alone: all that full recomputation keeps. */
  readonly layer_inputs_bytes: number;
  /** The final norm, the head's input and its logits in 32 bit. */
  readonly head_bytes: number;
}

export type TokenActivationsFound =
  | { readonly bytes: TokenActivations; readonly reason: null }
  | { readonly bytes: null; readonly reason: string };

/** Activations are kept in sixteen bit, masks in one byte (arXiv 2205.05198, section 4.1). */
const HALF = 2;
const MASK = 1;

/** Up and down only; every other supported family has a gate (gate, up, down). */
const WITHOUT_GATE = new Set(['gpt2', 'gpt_neox', 'bloom']);

/** Families whose keys and values are made for every head out of a low rank: nothing is shared between heads. */
const LATENT = new Set(['deepseek_v2', 'deepseek_v3', 'kimi_k2']);

/** Layers of these parts keep other things, for which no source gives a formula. */
const WITHOUT_FORMULA: readonly ComponentName[] = ['linear_attention', 'state_space'];

/**
 * Bytes of activations of one token over all layers, after arXiv 2205.05198, section 4.1, where a GPT layer of hidden
 * size h and a heads at sequence length s keeps s b h (34 + 5 a s / h) bytes of b sequences:
 *
 * - both norms' inputs 2h each; the shared input of Q, K and V 2h; Q and K 2h each, V 2h; the output projection's input
 *   2h and its dropout mask h; softmax 2as, its dropout's mask as and its output 2as
 * - the MLP's input 2h; with GeLU its input 8h and output 8h (2 f each at width f = 4h); dropout mask h
 *
 * Adapted tensor by tensor: grouped queries keep K and V of `kv_heads` only (arXiv 2305.13245); a gated MLP keeps gate,
 * up and their product, 2 f each (arXiv 2002.05202); a token keeps what its chosen and shared experts keep, and for
 * each chosen one the input that was sent to it; architectures without dropout keep no masks and no copy after it.
 */
export function tokenActivations(
  architecture: Pick<Architecture, 'model_type' | 'hidden' | 'layers' | 'vocabulary' | 'parts'>,
  dropout: boolean,
): TokenActivationsFound {
  const { hidden, layers, vocabulary, model_type, parts } = architecture;
  const odd = parts.find(({ component }) => WITHOUT_FORMULA.includes(component));
  if (odd !== undefined) {
    return { bytes: null, reason: `no published formula for the activations of ${odd.component} layers` };
  }
  const matmul = (component: ComponentName) =>
    total(
      parts
        .filter((part) => part.component === component && part.in_totals)
        .map((part) => part.matmul_parameters),
    );
  const cores = parts.filter(({ in_totals }) => in_totals).flatMap(({ attention }) => attention);
  const queries = total(cores.map(({ layers: of, heads, qk_dim }) => of * heads * qk_dim));
  const values = total(cores.map(({ layers: of, heads, value_dim }) => of * heads * value_dim));
  const heads = total(cores.map(({ layers: of, heads: each }) => of * each));
  // what is left of the projections beside those of queries and output is of keys and values
  const shared = matmul('attention_projections') / hidden - queries - values;
  const keys_and_values = LATENT.has(model_type) ? queries + values : shared;
  const matrices = WITHOUT_GATE.has(model_type) ? 2 : 3;
  const width = (matmul('mlp') + matmul('experts')) / (hidden * matrices);
  const sent = expertInputs(architecture);
  const masks = dropout ? 2 * MASK * layers * hidden : 0;
  return {
    bytes: {
      replicated_bytes: HALF * 4 * layers * hidden + masks,
      divided_bytes: HALF * (queries + keys_and_values + values + matrices * width + sent),
      score_bytes_per_token: heads * (dropout ? HALF + MASK + HALF : HALF),
      layer_inputs_bytes: HALF * layers * hidden,
      head_bytes: HALF * 2 * hidden + 4 * vocabulary,
    },
    reason: null,
  };
}

/** Numbers sent to the chosen experts of all layers for one token: `hidden` for each. */
function expertInputs({ parts }: Pick<Architecture, 'parts'>): number {
  const experts = parts.filter(({ component, in_totals }) => component === 'experts' && in_totals);
  const router = parts.find(({ component }) => component === 'router');
  if (experts.length === 0 || router === undefined) return 0;
  const stored = total(experts.map(({ parameters }) => parameters));
  const used = total(experts.map(({ active_parameters }) => active_parameters));
  // the router has `hidden` weights for each expert of each layer
  return stored === 0 ? 0 : (used / stored) * router.matmul_parameters;
}

export interface ActivationSettings {
  readonly sequence_length: number;
  readonly micro_batch_sequences: number;
  readonly recompute: Recompute;
  readonly tp: number;
  readonly pp: number;
  readonly cp: number;
  readonly sequence_parallel: boolean;
}

/**
 * Bytes of activations that a device of the first pipeline stage keeps, the stage that keeps most: under 1F1B it holds
 * `pp` micro-batches of `layers / pp` layers, as much as all layers of one micro-batch (arXiv 2205.05198, section 4.3).
 * Tensor parallelism divides by its table 2: of a GPT layer 10 h stay whole on each rank, with sequence parallelism nothing does.
 * `selective` leaves the score matrix out (section 5), which a fused attention kernel does as well; `full` keeps the
 * layers' inputs. Context parallelism splits the sequence; the score matrix keeps its full width.
 */
export function activationBytes(token: TokenActivations, settings: ActivationSettings): number {
  const { sequence_length, micro_batch_sequences, recompute, tp, pp, cp, sequence_parallel } = settings;
  const tokens = (sequence_length / cp) * micro_batch_sequences;
  const whole = sequence_parallel ? tp : 1;
  const head = pp === 1 ? token.head_bytes / tp : 0;
  if (recompute === 'full') return tokens * (token.layer_inputs_bytes / whole + head);
  const scores = recompute === 'selective' ? 0 : token.score_bytes_per_token * sequence_length;
  return tokens * (token.replicated_bytes / whole + (token.divided_bytes + scores) / tp + head);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

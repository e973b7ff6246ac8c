/**
 * What a family's reader makes of a published `config.json`: a list of parts, each with its weights and with the
 * attention it does. Everything that is asked of a model (parameters, FLOPs by convention) is a sum over these parts.
 */

export const COMPONENTS = [
  'embedding',
  'attention_projections',
  'attention_scores',
  'linear_attention',
  'state_space',
  'mlp',
  'experts',
  'router',
  'norms',
  'head',
  'mtp',
] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** Which earlier tokens a layer looks at: all, the last `tokens` of them, or those of its own chunk. */
export type AttentionReach =
  | { readonly kind: 'all' }
  | { readonly kind: 'window'; readonly tokens: number }
  | { readonly kind: 'chunk'; readonly tokens: number };

/** The score and value products of `layers` equal layers: `heads * (qk_dim + value_dim)` multiply-adds a pair. */
export interface AttentionCore {
  readonly layers: number;
  readonly heads: number;
  readonly qk_dim: number;
  readonly value_dim: number;
  readonly reach: AttentionReach;
}

export interface ModelPart {
  readonly component: ComponentName;
  /** Every stored weight, biases and norms included; tied matrices once, with the embedding. */
  readonly parameters: number;
  /** Those that take part in one token's pass: of routed experts only the chosen ones. */
  readonly active_parameters: number;
  /** Active weights that are multiplied with the token: no look-ups, biases or norms; a tied head counts here. */
  readonly matmul_parameters: number;
  /** Weights that are only looked up: an input embedding that is not also the head. */
  readonly lookup_only_parameters: number;
  readonly attention: readonly AttentionCore[];
  /** Forward FLOPs of a token that come from no weight matrix and no token pair, such as a state-space scan. */
  readonly scan_flops: number;
  /** False for what published counts leave out (multi-token prediction modules); shown, never summed. */
  readonly in_totals: boolean;
}

export interface Architecture {
  readonly name: string;
  readonly model_type: string;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: number;
  readonly parts: readonly ModelPart[];
  /** What a reader of the numbers should know: layers left out, windows, assumptions. */
  readonly notes: readonly string[];
}

/** What a family fills in; the name comes from the caller. */
export type FamilyArchitecture = Omit<Architecture, 'name' | 'model_type'>;

export const REACHES_ALL: AttentionReach = { kind: 'all' };

import type {
  Architecture,
  AttentionCore,
  AttentionReach,
  ComponentName,
  ModelPart,
} from './models/architecture.ts';
import { COMPONENTS } from './models/architecture.ts';

/** The four ways in which published work counts training FLOPs; a number without its convention means nothing. */
export const CONVENTIONS = ['mm_causal', 'mm_full', 'palm', 'six_n'] as const;
export type Convention = (typeof CONVENTIONS)[number];
export type FlopsByConvention = Readonly<Record<Convention, number>>;

/** Documents of equal length in a packed batch; attention does not cross them. */
export interface PackedLength {
  readonly tokens: number;
  readonly documents: number;
}

export interface ComponentFlops {
  readonly component: ComponentName;
  readonly parameters: number;
  readonly active_parameters: number;
  readonly matmul_parameters: number;
  readonly forward_flops_per_token: FlopsByConvention;
  readonly training_flops_per_token: FlopsByConvention;
  /** False for modules that published totals leave out; such rows are shown and not summed. */
  readonly in_totals: boolean;
}

export interface ModelFlops {
  readonly name: string;
  readonly model_type: string;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: number;
  /** Mean of the packed documents, weighted by their tokens, where lengths were given as a histogram. */
  readonly sequence_length: number;
  readonly parameters: number;
  readonly active_parameters: number;
  readonly active_parameters_no_embedding: number;
  readonly matmul_parameters: number;
  readonly components: readonly ComponentFlops[];
  /** The attention of the layers in the totals, alike layers together: what the scores' FLOPs are a sum over. */
  readonly attention: readonly AttentionCore[];
  /** Training FLOPs per token, a multiply-add being two, recomputation not included. */
  readonly flops_per_token: FlopsByConvention;
  readonly notes: readonly string[];
}

/** Training is one forward and a backward of twice its cost. */
const TRAINING_PER_FORWARD = 3;

/**
 * Parameters and FLOPs per token of a model at a sequence length (tokens), or at the lengths of packed documents.
 * With M the matmul parameters of a token's pass, A the sum over layers of heads x (d_qk + d_v), and T the length:
 * `mm_full` 6 M + 6 A T, `mm_causal` 6 M + 3 A T (a causal mask leaves half of the score matrix), `palm` 6 N + 6 A T
 * (arXiv 2204.02311, appendix B, where 12 L H Q T is the same sum), `six_n` 6 N_active. In the two mm conventions a
 * window or chunk shortens T in the layers that have one; palm's formula knows no windows.
 * Throws RangeError for a length that is not a positive finite number.
 */
export function modelFlops(
  architecture: Architecture,
  sequence_length: number | readonly PackedLength[],
): ModelFlops {
  const lengths = packedLengths(sequence_length);
  const components = COMPONENTS.flatMap((component) =>
    componentFlops(component, architecture.parts, lengths),
  );
  const counted = architecture.parts.filter(({ in_totals }) => in_totals);
  const active_parameters = total(counted, (part) => part.active_parameters);
  return {
    name: architecture.name,
    model_type: architecture.model_type,
    layers: architecture.layers,
    hidden: architecture.hidden,
    vocabulary: architecture.vocabulary,
    sequence_length: meanOverTokens(lengths, (tokens) => tokens),
    parameters: total(counted, (part) => part.parameters),
    active_parameters,
    active_parameters_no_embedding: active_parameters - total(counted, (part) => part.lookup_only_parameters),
    matmul_parameters: total(counted, (part) => part.matmul_parameters),
    components,
    attention: counted.flatMap(({ attention }) => attention),
    flops_per_token: sumOfConventions(
      components.filter(({ in_totals }) => in_totals).map((row) => row.training_flops_per_token),
    ),
    notes: [
      ...architecture.notes,
      ...packedNotes(lengths),
      ...lengthNotes(architecture, lengths),
      ...sparseNotes(counted),
    ],
  };
}

/**
 * The length T that stands for a layer of this reach, at a sequence of `tokens`: T / 2 is the mean over the positions
 * of how many tokens one looks at, as in a layer without a window (n / 2 of n tokens, the half under the diagonal).
 * A window of w leaves w - w^2 / 2n a position, so T = 2 w - w^2 / n: nearly twice the window, because behind the
 * first w positions the window is full. Trainers that put T = w there count half of a long sequence's work.
 */
export function attendedTokens(reach: AttentionReach, tokens: number): number {
  if (reach.kind === 'all') return tokens;
  if (reach.kind === 'window') {
    const window = Math.min(tokens, reach.tokens);
    return window * (2 - window / tokens);
  }
  const rest = tokens % reach.tokens;
  return ((tokens - rest) * reach.tokens + rest * rest) / tokens;
}

function componentFlops(
  component: ComponentName,
  parts: readonly ModelPart[],
  lengths: readonly PackedLength[],
): ComponentFlops[] {
  const own = parts.filter((part) => part.component === component);
  if (own.length === 0) return [];
  const forward = sumOfConventions(own.map((part) => forwardFlops(part, lengths)));
  return [
    {
      component,
      parameters: total(own, (part) => part.parameters),
      active_parameters: total(own, (part) => part.active_parameters),
      matmul_parameters: total(own, (part) => part.matmul_parameters),
      forward_flops_per_token: forward,
      training_flops_per_token: mapConventions((convention) => TRAINING_PER_FORWARD * forward[convention]),
      in_totals: own.every(({ in_totals }) => in_totals),
    },
  ];
}

function forwardFlops(part: ModelPart, lengths: readonly PackedLength[]): FlopsByConvention {
  const pairs = total(part.attention, (core) => pairWidth(core) * meanAttended(core.reach, lengths));
  const unshortened = total(
    part.attention,
    (core) => pairWidth(core) * meanOverTokens(lengths, (tokens) => tokens),
  );
  return {
    mm_causal: 2 * part.matmul_parameters + pairs + part.scan_flops,
    mm_full: 2 * part.matmul_parameters + 2 * pairs + part.scan_flops,
    palm: 2 * part.parameters + 2 * unshortened,
    six_n: 2 * part.active_parameters,
  };
}

/** The share of A that these layers bring: multiply-adds for one pair of tokens. */
function pairWidth({ layers, heads, qk_dim, value_dim }: AttentionCore): number {
  return layers * heads * (qk_dim + value_dim);
}

function meanAttended(reach: AttentionReach, lengths: readonly PackedLength[]): number {
  return meanOverTokens(lengths, (tokens) => attendedTokens(reach, tokens));
}

function meanOverTokens(lengths: readonly PackedLength[], value: (tokens: number) => number): number {
  const tokens = total(lengths, (length) => length.documents * length.tokens);
  return total(lengths, (length) => length.documents * length.tokens * value(length.tokens)) / tokens;
}

function packedLengths(sequence_length: number | readonly PackedLength[]): readonly PackedLength[] {
  const lengths =
    typeof sequence_length === 'number' ? [{ tokens: sequence_length, documents: 1 }] : sequence_length;
  const wrong = lengths.find(({ tokens, documents }) => !(positive(tokens) && positive(documents)));
  if (wrong === undefined && lengths.length > 0) return lengths;
  throw new RangeError(
    `a sequence length must be a positive number of tokens, not ${wrong?.tokens ?? 'an empty list'}`,
  );
}

function positive(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}

function packedNotes(lengths: readonly PackedLength[]): string[] {
  if (lengths.length < 2) return [];
  const documents = total(lengths, (length) => length.documents);
  return [
    `${documents} packed documents: attention as sum L^2 of them, and a rate must count real tokens only, no padding`,
  ];
}

function lengthNotes({ parts }: Architecture, lengths: readonly PackedLength[]): string[] {
  const longest = Math.max(...lengths.map(({ tokens }) => tokens));
  const shortened = parts
    .flatMap(({ attention }) => attention)
    .filter(({ reach }) => reach.kind !== 'all' && reach.tokens < longest);
  return shortened.map(({ layers, reach }) =>
    reach.kind === 'all' ? '' : `${layers} layers attend within a ${reach.kind} of ${reach.tokens} tokens`,
  );
}

/** PaLM's formula knows no experts; published work applies it to dense models only. */
function sparseNotes(parts: readonly ModelPart[]): string[] {
  const idle = parts.some((part) => part.active_parameters < part.parameters);
  return idle
    ? ['palm counts every expert, used or not: for this model it is no measure of utilisation']
    : [];
}

function mapConventions(value: (convention: Convention) => number): FlopsByConvention {
  return {
    mm_causal: value('mm_causal'),
    mm_full: value('mm_full'),
    palm: value('palm'),
    six_n: value('six_n'),
  };
}

function sumOfConventions(rows: readonly FlopsByConvention[]): FlopsByConvention {
  return mapConventions((convention) => total(rows, (row) => row[convention]));
}

function total<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

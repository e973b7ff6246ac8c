import { HARDWARE_NAMES, hardwareFlopsPerToken, LOGGED_TOLERANCE } from './mfu.ts';
import { attendedTokens, CONVENTIONS, type Convention, type ModelFlops } from './model-flops.ts';
import type { AttentionCore } from './models/architecture.ts';

/** A way of counting, a denominator or a known mistake that reproduces a logged figure. */
export interface Explanation {
  /** Short and stable: a label value (`mm_full`, `with_sparsity_peak`, `head_dim_divided_full`). */
  readonly cause: string;
  readonly note: string;
  /** Logged over what the cause gives, minus 1. */
  readonly residual_ratio: number;
}

/** What is known of the run besides its model: sizes that careless counters multiply or divide by. */
export interface RunSizes {
  readonly devices?: number | undefined;
  readonly tensor_parallel?: number | undefined;
  readonly pipeline_parallel?: number | undefined;
  readonly context_parallel?: number | undefined;
  readonly data_parallel?: number | undefined;
  /** Micro batches of one optimizer step. */
  readonly accumulation?: number | undefined;
}

interface Way {
  readonly cause: string;
  readonly note: string;
  /** Training FLOPs per token as counted this way. */
  readonly flops: number;
}

/** A mistake must fit better than a convention: of so many some lie within 2 % of anything. */
const MISTAKE_TOLERANCE = 0.005;
const INTEGER_FACTOR_MAX = 16;
const PRINT_TOLERANCE = 0.002;

const CONVENTION_NOTES: Readonly<Record<Convention, string>> = {
  mm_causal: 'model FLOPs with half of the score matrix',
  mm_full: 'model FLOPs with the whole score matrix (torchtitan, NeMo, Megatron-LM before core_v0.12)',
  palm: '6 N over all parameters and 12 L H Q T (PaLM, llm-foundry, nanoGPT)',
  six_n: '6 N over active parameters, attention left out',
};

/**
 * What reproduces a logged number of FLOPs per token (FLOP/s of a device over its tokens per second), the likeliest
 * first; empty when nothing does. Both figures are printed by one program from one step, so the true cause fits to the
 * rounding of the print: a cause that fits precisely goes before one that only lies within the tolerance, and among
 * equals a convention goes before a mistake that trainers are known to have made (the trackers and commits that the
 * notes name), and that before a factor.
 */
export function explainFlopsPerToken(
  flops_per_token: number,
  model: ModelFlops,
  run: RunSizes,
  tolerance: number = LOGGED_TOLERANCE,
): Explanation[] {
  const kinds = [
    fitting(flops_per_token, honestWays(model), tolerance),
    fitting(flops_per_token, mistakenWays(model), MISTAKE_TOLERANCE),
    fitting(flops_per_token, factorWays(model, run), MISTAKE_TOLERANCE),
  ];
  const precise = kinds.flatMap((found) => found.filter(isPrecise));
  const rough = kinds.flatMap((found) => found.filter((explanation) => !isPrecise(explanation)));
  const all = [...precise, ...rough];
  return all.length > 0 ? all : fitting(flops_per_token, integerWays(model), MISTAKE_TOLERANCE);
}

/** Whether a residual can be the rounding of what a log prints: three or four digits. */
export function isPrecise({ residual_ratio }: Explanation): boolean {
  return Math.abs(residual_ratio) <= PRINT_TOLERANCE;
}

/** Whether a cause is a definition (a convention, or hardware FLOPs) and no mistake. */
export function isDefinition(cause: string): boolean {
  return CONVENTIONS.some((name) => name === cause) || cause.startsWith('hfu_');
}

/** Denominators that a framework may have divided by, FLOP/s of one device. */
export interface Denominators {
  /** The dense peak of the job's dtype: the right one. */
  readonly dense: number;
  /** Dense peaks of other formats of the same device, by their name. */
  readonly others: Readonly<Record<string, number>>;
  readonly measured_matmul: number | null;
}

/** torchtitan (tools/utils.py) and nanoGPT take an A100's peak for every device that they do not know. */
const FALLBACK_PEAK = 312e12;

/** What reproduces a logged MFU, given the rate (tokens/s of a device): a way of counting over a denominator. */
export function explainMfu(
  mfu_ratio: number,
  tokens_per_s_per_device: number,
  model: ModelFlops,
  peaks: Denominators,
): Explanation[] {
  const over = (peak: number) =>
    fitting((mfu_ratio * peak) / tokens_per_s_per_device, honestWays(model), LOGGED_TOLERANCE);
  const right = over(peaks.dense);
  if (right.length > 0) return right;
  return wrongDenominators(peaks)
    .flatMap(({ cause, note, peak }) =>
      over(peak).map((way) => ({
        cause,
        note: `${note}; ${way.note}`,
        residual_ratio: way.residual_ratio,
      })),
    )
    .sort(byResidual);
}

/** Which wrong denominator a peak is that a framework printed; null for the right one and for one that is unknown. */
export function explainPeak(
  peak_flops: number,
  peaks: Denominators,
  tolerance: number = LOGGED_TOLERANCE,
): Explanation | null {
  const ways = wrongDenominators(peaks).map(({ cause, note, peak }) => ({ cause, note, flops: peak }));
  return fitting(peak_flops, ways, tolerance)[0] ?? null;
}

function wrongDenominators({ dense, others, measured_matmul }: Denominators) {
  return [
    {
      cause: 'with_sparsity_peak',
      note: 'divided by twice the dense peak: that is the with-sparsity figure',
      peak: 2 * dense,
    },
    // the with-sparsity figure of bf16 is the dense one of fp8: a run in bf16 takes it from the wrong column
    ...Object.entries(others)
      .filter(([, peak]) => Math.abs(peak / (2 * dense) - 1) > LOGGED_TOLERANCE)
      .map(([dtype, peak]) => ({
        cause: `${dtype}_peak`,
        note: `divided by the ${dtype} peak`,
        peak,
      })),
    ...(measured_matmul === null
      ? []
      : [
          {
            cause: 'measured_matmul_peak',
            note: 'divided by the best matrix product that was measured',
            peak: measured_matmul,
          },
        ]),
    {
      cause: 'fallback_peak',
      note: 'divided by 312e12, what torchtitan and nanoGPT take for a device that they do not know',
      peak: FALLBACK_PEAK,
    },
  ].filter(({ peak }) => Math.abs(peak / dense - 1) > LOGGED_TOLERANCE);
}

/** The four conventions and hardware FLOPs: differences of definition, nobody's mistake. */
function honestWays(model: ModelFlops): Way[] {
  const hardware = (['full', 'selective'] as const).flatMap((recompute) =>
    (['mm_full', 'mm_causal'] as const).map((convention) => ({
      cause: HARDWARE_NAMES[recompute][convention],
      note: `hardware FLOPs with ${recompute} recomputation, attention as in ${convention}: HFU, not MFU`,
      flops: hardwareFlopsPerToken(model, recompute, convention) ?? 0,
    })),
  );
  return [...conventionWays(model), ...hardware];
}

function conventionWays(model: ModelFlops): Way[] {
  return CONVENTIONS.map((cause) => ({
    cause,
    note: CONVENTION_NOTES[cause],
    flops: model.flops_per_token[cause],
  }));
}

const ATTENTIONS = [
  ['full', 'mm_full', 2],
  ['causal', 'mm_causal', 1],
] as const;

function mistakenWays(model: ModelFlops): Way[] {
  const { hidden, layers, vocabulary, sequence_length } = model;
  const rowOf = (name: string) => model.components.find(({ component }) => component === name);
  const [head, embedding, experts, router, mtp] = ['head', 'embedding', 'experts', 'router', 'mtp'].map(
    rowOf,
  );
  const tied = head !== undefined && head.parameters === 0;
  const idle = experts === undefined ? 0 : experts.parameters - experts.active_parameters;
  const gpt = (forwards: number, headForwards: number) =>
    24 * forwards * layers * hidden ** 2 * (1 + sequence_length / (6 * hidden)) +
    2 * headForwards * 3 * vocabulary * hidden;
  const perAttention = ATTENTIONS.flatMap(([label, convention, matrix]): Way[] => {
    const base = model.flops_per_token[convention];
    const scores = rowOf('attention_scores')?.training_flops_per_token[convention] ?? 0;
    const withScores = (pairs: number) => base - scores + 3 * matrix * pairs;
    return [
      {
        cause: `tied_head_dropped_${label}`,
        note: 'the logits of a tied head left out (torchtitan before 4ed3c5363)',
        flops: tied ? base - 6 * (head?.matmul_parameters ?? 0) : 0,
      },
      {
        cause: `embedding_counted_${label}`,
        note: 'the input embedding counted as a matrix product (verl, HF-style 6 N)',
        flops: tied ? 0 : base + 6 * (embedding?.parameters ?? 0),
      },
      {
        cause: `head_dim_divided_${label}`,
        note: 'attention with head_dim = hidden / heads instead of the configured one (torchtitan before #1923)',
        flops: withScores(pairsOf(model, (core) => dividedWidth(core, hidden), attendedTokens)),
      },
      {
        cause: `windows_ignored_${label}`,
        note: 'windows and chunks of the attention ignored',
        flops: withScores(pairsOf(model, widthOf, (_, tokens) => tokens)),
      },
      {
        cause: `window_as_its_width_${label}`,
        note: 'T replaced by the window, so half of what a full window costs (MaxText)',
        flops: withScores(
          pairsOf(model, widthOf, (reach, tokens) =>
            reach.kind === 'window' ? Math.min(tokens, reach.tokens) : attendedTokens(reach, tokens),
          ),
        ),
      },
      {
        cause: `mtp_counted_${label}`,
        note: 'multi-token prediction modules counted (Megatron-LM from core_v0.13)',
        flops: mtp === undefined ? 0 : base + mtp.training_flops_per_token[convention],
      },
      {
        cause: `all_experts_counted_${label}`,
        note: 'every expert counted, used or not',
        flops: base + 6 * idle,
      },
      {
        cause: `four_thirds_${label}`,
        note: 'everything times 4/3, a blanket factor for recomputation (HFU of llm-foundry)',
        flops: (4 / 3) * base,
      },
      {
        cause: `router_left_out_${label}`,
        note: 'the routers left out (DeepSeek-V3 report, Megatron-LM)',
        flops: router === undefined ? 0 : base - 6 * router.matmul_parameters,
      },
      {
        cause: `forward_only_${label}`,
        note: 'the forward pass alone',
        flops: base / 3,
      },
    ];
  });
  return [
    ...perAttention,
    {
      cause: 'attention_left_out',
      note: '6 M: matrix products with weights only, the score matrix left out',
      flops: 6 * model.matmul_parameters,
    },
    {
      cause: 'six_n_no_embedding',
      note: '6 N without the input embedding and without attention (Hugging Face total_flos)',
      flops: 6 * (model.parameters - (embedding?.parameters ?? 0)),
    },
    {
      cause: 'gpt_formula_sc21',
      note: '96 B s L h^2 (1 + s/6h + V/16Lh), whatever the model: GPT shape with recomputation (Megatron SC21)',
      flops: gpt(4, 1),
    },
    {
      cause: 'gpt_formula',
      note: '72 B s L h^2 (1 + s/6h + V/12Lh), whatever the model: no grouped queries, no gated MLP',
      flops: gpt(3, 1),
    },
  ];
}

function factorWays(model: ModelFlops, run: RunSizes): Way[] {
  const sizes: readonly (readonly [string, number | undefined, string])[] = [
    ['world_size', run.devices, 'the number of devices: per device and global figures mixed up'],
    [
      'gradient_accumulation',
      run.accumulation,
      'the micro batches of a step: accumulation ignored or doubled',
    ],
    ['data_parallel', run.data_parallel, 'the data-parallel size'],
    ['tensor_parallel', run.tensor_parallel, 'the tensor-parallel size'],
    ['pipeline_parallel', run.pipeline_parallel, 'the pipeline-parallel size'],
    [
      'context_parallel',
      run.context_parallel,
      'the context-parallel size (torchtitan #2990 counted tokens twice)',
    ],
  ];
  return sizes.flatMap(([name, size, note]) =>
    size === undefined || size < 2 ? [] : timesAndOver(model, `${name}_factor`, size, note),
  );
}

function integerWays(model: ModelFlops): Way[] {
  return Array.from({ length: INTEGER_FACTOR_MAX - 1 }, (_, index) => index + 2).flatMap((factor) =>
    timesAndOver(
      model,
      `factor_of_${factor}`,
      factor,
      `exactly ${factor}: gradient accumulation or a count of devices is a likely cause`,
    ),
  );
}

function timesAndOver(model: ModelFlops, cause: string, factor: number, note: string): Way[] {
  return conventionWays(model).flatMap((way) => [
    { cause, note: `times ${factor}, ${note}; ${way.cause}`, flops: way.flops * factor },
    { cause, note: `divided by ${factor}, ${note}; ${way.cause}`, flops: way.flops / factor },
  ]);
}

type WidthOf = (core: AttentionCore) => number;

const widthOf: WidthOf = ({ heads, qk_dim, value_dim }) => heads * (qk_dim + value_dim);
/** Heads of hidden / heads, for scores and values alike. */
const dividedWidth = (_: AttentionCore, hidden: number): number => 2 * hidden;

function pairsOf(
  { attention, sequence_length }: ModelFlops,
  width: WidthOf,
  attended: typeof attendedTokens,
): number {
  return attention.reduce(
    (sum, core) => sum + core.layers * width(core) * attended(core.reach, sequence_length),
    0,
  );
}

function fitting(flops: number, ways: readonly Way[], tolerance: number): Explanation[] {
  return ways
    .filter((way) => way.flops > 0)
    .map((way) => ({ cause: way.cause, note: way.note, residual_ratio: flops / way.flops - 1 }))
    .filter(({ residual_ratio }) => Math.abs(residual_ratio) <= tolerance)
    .sort(byResidual);
}

function byResidual(a: Explanation, b: Explanation): number {
  return Math.abs(a.residual_ratio) - Math.abs(b.residual_ratio);
}

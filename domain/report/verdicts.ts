import { LOGGED_TOLERANCE } from '../mfu.ts';
import {
  type Denominators,
  type Explanation,
  explainFlopsPerToken,
  explainMfu,
  explainPeak,
  isDefinition,
  isPrecise,
  type RunSizes,
} from '../mfu-explanations.ts';
import type { ModelFlops } from '../model-flops.ts';
import type { ResolvedSpec } from './job-spec.ts';
import { type LoggedNumbers, loggedFlopsPerToken } from './logged.ts';
import type { KeptStep } from './throughput.ts';

/** A logged figure that is compared with ours. */
export type LoggedFigure =
  | 'tflops_per_device'
  | 'mfu_ratio'
  | 'tokens_per_s_per_device'
  | 'parameters'
  | 'peak_flops';

/** A judgement on the figures of a report. A machine reads `name`, `severity` and `explains`; a person the message. */
export interface Verdict {
  /**
   * `spec_mismatch`: what the framework printed and what is computed here are more than 2 % apart, or only a known
   * mistake reproduces the print. `mfu_implausible`: MFU above what telemetry allows.
   */
  readonly name: 'spec_mismatch' | 'mfu_implausible';
  /** `info`: a difference of definition, fully explained. `warning`: a mistake, or nothing known explains it. */
  readonly severity: 'info' | 'warning';
  /** The figure of the report that it is about. */
  readonly figure: LoggedFigure;
  readonly logged: number;
  /** By us, in the default convention (mm_causal) where it has one. */
  readonly computed: number;
  /** Logged over computed, minus 1. */
  readonly gap_ratio: number;
  readonly message: string;
  /** What would explain the gap, the likeliest first; empty when nothing known does. */
  readonly explains: readonly Explanation[];
}

/** Explanations that a verdict shows; the nearest speak. */
const EXPLANATIONS_MAX = 3;

/** Every logged figure held against ours. Empty when the framework printed nothing, or nothing disagrees. */
export function verdictsOf(
  kept: readonly KeptStep[],
  spec: ResolvedSpec,
  logged: LoggedNumbers | null,
  tokens_per_s_per_device: number | null,
): Verdict[] {
  if (logged === null) return [];
  const run = runSizes(spec);
  const flops = flopsVerdict(kept, spec, logged, run);
  const mfu = mfuVerdict(spec, logged, tokens_per_s_per_device);
  const isSame = flops?.explains[0] !== undefined && flops.explains[0].cause === mfu?.explains[0]?.cause;
  return [
    flops,
    // the same FLOPs over the right peak: one verdict says it
    isSame ? null : mfu,
    tokensVerdict(logged, tokens_per_s_per_device, run),
    parametersVerdict(spec, logged, run),
    peakVerdict(spec, logged),
  ].filter((verdict) => verdict !== null);
}

function flopsVerdict(
  kept: readonly KeptStep[],
  { model }: ResolvedSpec,
  logged: LoggedNumbers,
  run: RunSizes,
): Verdict | null {
  if (logged.tflops_per_device === null || model === null) return null;
  const flops_per_token = loggedFlopsPerToken(kept);
  if (flops_per_token === null) return null;
  return verdictFrom(
    'tflops_per_device',
    logged.tflops_per_device,
    (logged.tflops_per_device * model.flops_per_token.mm_causal) / flops_per_token,
    explainFlopsPerToken(flops_per_token, model, run),
  );
}

function mfuVerdict(
  spec: ResolvedSpec,
  { mfu_ratio, ...logged }: LoggedNumbers,
  tokens_per_s_per_device: number | null,
): Verdict | null {
  const rate = logged.tokens_per_s_per_device ?? tokens_per_s_per_device;
  const { model, peak_flops } = spec;
  if (mfu_ratio === null || model === null || peak_flops === null || rate === null) return null;
  const computed = (model.flops_per_token.mm_causal * rate) / peak_flops;
  return verdictFrom(
    'mfu_ratio',
    mfu_ratio,
    computed,
    explainMfu(mfu_ratio, rate, model, peaksOf(spec, peak_flops)),
  );
}

function tokensVerdict(
  { tokens_per_s_per_device: logged }: LoggedNumbers,
  computed: number | null,
  run: RunSizes,
): Verdict | null {
  if (logged === null || computed === null) return null;
  return verdictFrom('tokens_per_s_per_device', logged, computed, explainFactor(logged / computed, run));
}

function parametersVerdict(
  { model }: ResolvedSpec,
  { parameters }: LoggedNumbers,
  run: RunSizes,
): Verdict | null {
  if (parameters === null || model === null) return null;
  return verdictFrom('parameters', parameters, model.parameters, explainParameters(parameters, model, run));
}

function peakVerdict(spec: ResolvedSpec, { peak_flops: logged }: LoggedNumbers): Verdict | null {
  if (logged === null || spec.peak_flops === null || spec.hardware === null) return null;
  const found = explainPeak(logged, peaksOf(spec, spec.peak_flops));
  return verdictFrom('peak_flops', logged, spec.peak_flops, found === null ? [] : [found]);
}

/**
 * A verdict is due beyond the tolerance, and where the print fits a known mistake to its last digit while it only
 * happens to lie near a convention.
 */
function verdictFrom(
  figure: LoggedFigure,
  logged: number,
  computed: number,
  explains: readonly Explanation[],
): Verdict | null {
  const gap_ratio = logged / computed - 1;
  const [likeliest] = explains;
  const isMistake = likeliest !== undefined && isPrecise(likeliest) && !isDefinition(likeliest.cause);
  if (!(Math.abs(gap_ratio) > LOGGED_TOLERANCE || (isMistake && Math.abs(gap_ratio) > 0.001))) return null;
  return {
    name: 'spec_mismatch',
    severity: likeliest !== undefined && isDefinition(likeliest.cause) ? 'info' : 'warning',
    figure,
    logged,
    computed,
    gap_ratio,
    message: messageOf(figure, logged, computed, likeliest),
    explains: explains.slice(0, EXPLANATIONS_MAX),
  };
}

const FIGURES: Readonly<Record<LoggedFigure, string>> = {
  tflops_per_device: 'TFLOP/s per device',
  mfu_ratio: 'MFU',
  tokens_per_s_per_device: 'tokens/s per device',
  parameters: 'parameters',
  peak_flops: 'FLOP/s of peak',
};

function messageOf(
  figure: LoggedFigure,
  logged: number,
  computed: number,
  likeliest: Explanation | undefined,
): string {
  const gap = `${logged >= computed ? '+' : ''}${((logged / computed - 1) * 100).toFixed(1)} %`;
  const [theirs, ours] = [logged, computed].map((value) => Number(value.toPrecision(5)));
  const says = `the log says ${theirs} ${FIGURES[figure]}, here it is ${ours} (${gap})`;
  if (likeliest === undefined)
    return `${says}; nothing known explains it: model, batch or device count may be wrong`;
  const residual = `${(likeliest.residual_ratio * 100).toFixed(2)} %`;
  return `${says}; explained by ${likeliest.cause}: ${likeliest.note} (residual ${residual})`;
}

function explainFactor(ratio: number, run: RunSizes): Explanation[] {
  const sizes = [
    ['world_size_factor', run.devices, 'tokens of all devices against those of one'],
    ['gradient_accumulation_factor', run.accumulation, 'one micro batch against the whole step'],
    ['data_parallel_factor', run.data_parallel, 'one data-parallel replica against all'],
    [
      'tensor_parallel_factor',
      run.tensor_parallel,
      'the devices of a tensor-parallel group counted as one, or twice',
    ],
    ['pipeline_parallel_factor', run.pipeline_parallel, 'the stages of a pipeline counted as one, or twice'],
    ['context_parallel_factor', run.context_parallel, 'a sequence counted once a context-parallel rank'],
  ] as const;
  return sizes.flatMap(([cause, size, note]) => {
    if (size === undefined || size < 2) return [];
    return [size, 1 / size]
      .map((factor) => ({
        cause,
        note: `${note} (factor ${factor >= 1 ? size : `1/${size}`})`,
        residual_ratio: ratio / factor - 1,
      }))
      .filter(({ residual_ratio }) => Math.abs(residual_ratio) <= LOGGED_TOLERANCE);
  });
}

/** Megatron-LM pads the vocabulary to a multiple of this times the tensor-parallel size. */
const VOCABULARY_MULTIPLE = 128;

function explainParameters(logged: number, model: ModelFlops, run: RunSizes): Explanation[] {
  const rowOf = (name: string) => model.components.find(({ component }) => component === name);
  const table = rowOf('embedding')?.parameters ?? 0;
  const tied = rowOf('head')?.parameters === 0;
  const mtp = rowOf('mtp')?.parameters ?? 0;
  const multiple = VOCABULARY_MULTIPLE * (run.tensor_parallel ?? 1);
  const padding = (Math.ceil(model.vocabulary / multiple) * multiple - model.vocabulary) * model.hidden;
  const shards = (run.tensor_parallel ?? 1) * (run.pipeline_parallel ?? 1);
  const counts: readonly (readonly [string, string, number])[] = [
    [
      'tied_head_counted',
      'the tied head counted a second time',
      tied ? model.parameters + model.vocabulary * model.hidden : 0,
    ],
    ['embedding_left_out', 'the input embedding left out', model.parameters - table],
    ['active_parameters', 'active parameters only', model.active_parameters],
    ['mtp_counted', 'the multi-token prediction modules counted', mtp === 0 ? 0 : model.parameters + mtp],
    [
      'padded_vocabulary',
      `the vocabulary padded to a multiple of ${multiple}`,
      model.parameters + (tied ? 1 : 2) * padding,
    ],
    [
      'one_shard',
      'the parameters of one tensor- and pipeline-parallel rank',
      shards === 1 ? 0 : model.parameters / shards,
    ],
  ];
  return counts
    .filter(([, , count]) => count > 0 && count !== model.parameters)
    .map(([cause, note, count]) => ({ cause, note, residual_ratio: logged / count - 1 }))
    .filter(({ residual_ratio }) => Math.abs(residual_ratio) <= LOGGED_TOLERANCE)
    .sort((a, b) => Math.abs(a.residual_ratio) - Math.abs(b.residual_ratio));
}

function peaksOf({ hardware, dtype }: ResolvedSpec, dense: number): Denominators {
  const stated = Object.entries(hardware?.peak_flops ?? {});
  return {
    dense,
    others: Object.fromEntries(stated.filter(([format, peak]) => format !== dtype && peak !== dense)),
    measured_matmul: hardware?.measured_matmul_flops ?? null,
  };
}

function runSizes({ event, devices }: ResolvedSpec): RunSizes {
  const { tp, pp, cp, dp } = event.parallelism ?? {};
  const replicas =
    dp ?? (devices === null || tp === undefined ? undefined : devices / (tp * (pp ?? 1) * (cp ?? 1)));
  const { global_batch_sequences: batch, micro_batch_sequences: micro } = event;
  const accumulation =
    batch === undefined || micro === undefined || replicas === undefined
      ? undefined
      : batch / (micro * replicas);
  return {
    devices: devices ?? undefined,
    tensor_parallel: tp,
    pipeline_parallel: pp,
    context_parallel: cp,
    data_parallel: replicas,
    accumulation,
  };
}

import type { Recompute } from './events.ts';
import { activationBytes, tokenActivations } from './memory-activations.ts';
import type { Architecture, ComponentName } from './models/architecture.ts';

/** Bytes of training state for each parameter, by what it is kept for. */
export interface StateBytes {
  readonly parameter: number;
  readonly gradient: number;
  /** Of Adam in mixed precision: the 32-bit copy of the parameter and two moments. */
  readonly optimizer: number;
  readonly source: string;
}

/**
 * Named ways of keeping training state. They differ by more than any other choice, so the one that was taken stands in
 * the answer.
 */
export const STATE_RECIPES = {
  adam_mixed: {
    parameter: 2,
    gradient: 2,
    optimizer: 12,
    source: 'arXiv 1910.02054, section 3.1: 2 + 2 + K with K = 12 for Adam in mixed precision',
  },
  adam_mixed_fp32_gradients: {
    parameter: 2,
    gradient: 4,
    optimizer: 12,
    source: 'Megatron-LM docs, distributed optimizer: bf16 parameters with fp32 gradients, 6 + 12/d',
  },
  adam_fp32: {
    parameter: 4,
    gradient: 4,
    optimizer: 8,
    source: 'Megatron-LM docs, distributed optimizer: fp32 parameters and gradients, 8 + 8/d',
  },
  course_14p: {
    parameter: 2,
    gradient: 4,
    optimizer: 8,
    source: 'AIInfra course, 05TrainingMemory: 2P + 4P + 8P = 14P',
  },
} as const satisfies Readonly<Record<string, StateBytes>>;
export type StateRecipe = keyof typeof STATE_RECIPES;

export const ZERO_STAGES = [0, 1, 2, 3] as const;
export type ZeroStage = (typeof ZERO_STAGES)[number];

export interface MemorySettings {
  readonly sequence_length: number;
  readonly tp?: number | undefined;
  readonly pp?: number | undefined;
  readonly dp?: number | undefined;
  readonly cp?: number | undefined;
  readonly ep?: number | undefined;
  /** 1: optimizer state is divided over data parallel ranks, 2: gradients too, 3: parameters too (arXiv 1910.02054). */
  readonly zero_stage?: ZeroStage | undefined;
  readonly recipe?: StateRecipe | undefined;
  /** Sequences that one data parallel rank computes at a time; undefined: activations are unknown. */
  readonly micro_batch_sequences?: number | undefined;
  readonly recompute?: Recompute | undefined;
  /** Whether norms and dropout are split along the sequence over the tensor parallel ranks (arXiv 2205.05198). */
  readonly sequence_parallel?: boolean | undefined;
  /** Whether the model trains with dropout; by default only the GPT-2 family does. */
  readonly dropout?: boolean | undefined;
}

export interface MemoryEstimate {
  /** Of the whole model. */
  readonly parameters: number;
  /** Kept by a device of the fullest pipeline stage before ZeRO divides them. */
  readonly parameters_per_device: number;
  /** Bytes on such a device. */
  readonly parameter_bytes: number;
  readonly gradient_bytes: number;
  readonly optimizer_bytes: number;
  /** Null with a reason: the micro-batch or the recompute setting is not known, or no formula is. */
  readonly activation_bytes: number | null;
  /** The same under every setting, so that they can be compared; null when the micro-batch is not known. */
  readonly activation_bytes_by_recompute: Readonly<Record<Recompute, number>> | null;
  /** Null when a part is. Without the buffers of kernels, collectives and allocator. */
  readonly total_bytes: number | null;
  readonly recipe: StateRecipe;
  readonly zero_stage: ZeroStage;
  readonly settings: Readonly<Record<'tp' | 'pp' | 'dp' | 'cp' | 'ep', number>>;
  readonly reasons: Readonly<Record<string, string>>;
  readonly sources: readonly string[];
}

/** Attention dropout 0.1 is GPT-2's own setting; BLOOM and GPT-NeoX and everything later train without. */
const WITH_DROPOUT = new Set(['gpt2']);

/** These are copied to every tensor parallel rank. */
const UNDIVIDED = new Set<ComponentName>(['norms', 'router']);
const OUTSIDE_LAYERS = new Set<ComponentName>(['embedding', 'head']);

/**
 * What training takes of a device's memory, in bytes: parameters, gradients and optimizer state by recipe and ZeRO
 * stage, activations by recomputation. The device is one of the fullest pipeline stage. Sequence parallelism is taken
 * as on wherever tensor parallelism is, as Megatron-LM's users do, unless told.
 */
export function memoryEstimate(architecture: Architecture, settings: MemorySettings): MemoryEstimate {
  const { tp = 1, pp = 1, dp = 1, cp = 1, ep = 1, zero_stage = 0, recipe = 'adam_mixed' } = settings;
  const degrees = { tp, pp, dp, cp, ep };
  const held = heldParameters(architecture, degrees);
  const bytes: StateBytes = STATE_RECIPES[recipe];
  const state = (each: number, from_stage: ZeroStage) => {
    // context parallel ranks hold the same parameters, so state is divided over them too; experts have fewer copies
    const copies = zero_stage >= from_stage ? dp * cp : 1;
    const expertCopies = zero_stage >= from_stage ? Math.max(1, (dp * cp) / ep) : 1;
    return (each * held.dense) / copies + (each * held.experts) / expertCopies;
  };
  const parameter_bytes = state(bytes.parameter, 3);
  const gradient_bytes = state(bytes.gradient, 2);
  const optimizer_bytes = state(bytes.optimizer, 1);
  const kept = activations(architecture, { ...settings, ...degrees });
  const activation_bytes = kept.bytes;
  return {
    parameters: parametersOf(architecture, () => true),
    parameters_per_device: held.dense + held.experts,
    parameter_bytes,
    gradient_bytes,
    optimizer_bytes,
    activation_bytes,
    activation_bytes_by_recompute: kept.by_recompute,
    total_bytes:
      activation_bytes === null
        ? null
        : parameter_bytes + gradient_bytes + optimizer_bytes + activation_bytes,
    recipe,
    zero_stage,
    settings: degrees,
    reasons: kept.reasons,
    sources: [bytes.source, 'activations: arXiv 2205.05198, sections 4 and 5, tensor by tensor'],
  };
}

/** Parameters of a device of the fullest stage: its share of the layers, and the larger table of the two ends. */
function heldParameters(
  architecture: Architecture,
  { tp, pp, ep }: MemoryEstimate['settings'],
): { readonly dense: number; readonly experts: number } {
  const { layers } = architecture;
  const stage = Math.ceil(layers / pp) / layers;
  const of = (wanted: (component: ComponentName) => boolean) => parametersOf(architecture, wanted);
  const embedding = of((name) => name === 'embedding');
  const head = of((name) => name === 'head');
  const ends = pp === 1 ? embedding + head : Math.max(embedding, head);
  const undivided = of((name) => UNDIVIDED.has(name));
  const inLayers = of((name) => !UNDIVIDED.has(name) && !OUTSIDE_LAYERS.has(name) && name !== 'experts');
  return {
    dense: stage * (inLayers / tp + undivided) + ends / tp,
    experts: (stage * of((name) => name === 'experts')) / (tp * ep),
  };
}

function parametersOf({ parts }: Architecture, wanted: (component: ComponentName) => boolean): number {
  return parts
    .filter(({ component, in_totals }) => in_totals && wanted(component))
    .reduce((sum, { parameters }) => sum + parameters, 0);
}

interface Activations {
  readonly bytes: number | null;
  readonly by_recompute: Readonly<Record<Recompute, number>> | null;
  readonly reasons: Readonly<Record<string, string>>;
}

function activations(
  architecture: Architecture,
  settings: MemorySettings & MemoryEstimate['settings'],
): Activations {
  const { micro_batch_sequences, recompute, tp } = settings;
  const unknown = (reason: string): Activations => ({
    bytes: null,
    by_recompute: null,
    reasons: { activation_bytes: reason },
  });
  if (micro_batch_sequences === undefined) {
    return unknown('micro_batch_sequences is not known: activations grow with it. Give it with the job');
  }
  const { model_type } = architecture;
  const token = tokenActivations(architecture, settings.dropout ?? WITH_DROPOUT.has(model_type));
  if (token.bytes === null) return unknown(token.reason);
  const { bytes } = token;
  const under = (setting: Recompute) =>
    activationBytes(bytes, {
      ...settings,
      micro_batch_sequences,
      recompute: setting,
      sequence_parallel: settings.sequence_parallel ?? tp > 1,
    });
  const by_recompute = { none: under('none'), selective: under('selective'), full: under('full') };
  if (recompute !== undefined) return { bytes: by_recompute[recompute], by_recompute, reasons: {} };
  const reason = 'the recompute setting is not known: see activation_bytes_by_recompute for each';
  return { bytes: null, by_recompute, reasons: { activation_bytes: reason } };
}

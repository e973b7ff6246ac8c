import type { Command } from 'commander';
import type { Recompute } from '../domain/events.ts';
import {
  type MemoryEstimate,
  memoryEstimate,
  STATE_RECIPES,
  type StateRecipe,
  ZERO_STAGES,
} from '../domain/memory-estimate.ts';
import type { Architecture } from '../domain/models/architecture.ts';
import { usageFailure } from './outcome.ts';
import { count, significant } from './units.ts';

/** What `flops --memory` takes beside the model and its sequence length. */
export interface MemoryOptions {
  readonly memory?: boolean;
  readonly microBatch?: string;
  readonly tp?: string;
  readonly pp?: string;
  readonly dp?: string;
  readonly cp?: string;
  readonly ep?: string;
  readonly zeroStage?: string;
  readonly state?: string;
  readonly sequenceParallel?: boolean;
  readonly recompute?: string;
}

const RECIPES = Object.keys(STATE_RECIPES) as StateRecipe[];

export function addMemoryOptions(command: Command): Command {
  return command
    .option(
      '--memory',
      'bytes of a device that training takes: parameters, gradients, optimizer, activations',
    )
    .option(
      '--micro-batch <sequences>',
      'with --memory: sequences that a data parallel rank computes at a time',
    )
    .option('--tp <ranks>', 'with --memory: tensor parallel ranks; likewise --pp, --dp, --cp, --ep')
    .option('--pp <ranks>', 'pipeline stages')
    .option('--dp <ranks>', 'data parallel ranks')
    .option('--cp <ranks>', 'context parallel ranks')
    .option('--ep <ranks>', 'expert parallel ranks')
    .option(
      '--zero-stage <stage>',
      'with --memory: 1 divides optimizer state over dp, 2 gradients, 3 parameters',
    )
    .option('--state <recipe>', `with --memory: ${RECIPES.join(', ')} (default ${RECIPES[0]})`)
    .option('--no-sequence-parallel', 'with --memory and --tp: norms and dropout whole on each rank');
}

/** The estimate that the options ask for; undefined without `--memory`. Bad values are usage errors. */
export function memoryAsked(
  architecture: Architecture,
  sequence_length: number,
  recompute: Recompute | undefined,
  options: MemoryOptions,
): MemoryEstimate | undefined {
  if (options.memory !== true) return undefined;
  const stage = options.zeroStage === undefined ? undefined : Number(options.zeroStage);
  const zero_stage = ZERO_STAGES.find((known) => known === stage);
  if (stage !== undefined && zero_stage === undefined) {
    throw usageFailure(`--zero-stage ${options.zeroStage} is not one of ${ZERO_STAGES.join(', ')}.`);
  }
  const recipe = RECIPES.find((known) => known === options.state);
  if (options.state !== undefined && recipe === undefined) {
    throw usageFailure(`--state ${options.state} is not one of ${RECIPES.join(', ')}.`);
  }
  return memoryEstimate(architecture, {
    sequence_length,
    recompute,
    zero_stage,
    recipe,
    micro_batch_sequences: ranks('--micro-batch', options.microBatch),
    tp: ranks('--tp', options.tp),
    pp: ranks('--pp', options.pp),
    dp: ranks('--dp', options.dp),
    cp: ranks('--cp', options.cp),
    ep: ranks('--ep', options.ep),
    ...(options.sequenceParallel === false ? { sequence_parallel: false } : {}),
  });
}

function ranks(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw usageFailure(`${flag} ${text} is not a whole number above 0.`);
}

/** The estimate for people. */
export function memoryText(estimate: MemoryEstimate): string {
  const { settings, zero_stage, recipe, activation_bytes_by_recompute: by_recompute } = estimate;
  const degrees = Object.entries(settings).map(([name, degree]) => `${name} ${degree}`);
  const line = (name: string, bytes: number | null) =>
    `  ${name.padEnd(14)} ${bytes === null ? 'unknown' : `${significant(bytes / 2 ** 30, 4)} GiB`}`;
  return [
    `\nMemory of a device of the fullest stage (${degrees.join(', ')}, ZeRO ${zero_stage}, ${recipe})`,
    line('parameters', estimate.parameter_bytes),
    line('gradients', estimate.gradient_bytes),
    line('optimizer', estimate.optimizer_bytes),
    line('activations', estimate.activation_bytes),
    ...Object.entries(by_recompute ?? {}).map(([setting, bytes]) => line(`  ${setting}`, bytes)),
    line('total', estimate.total_bytes),
    `  ${count(estimate.parameters_per_device)} parameters on it; buffers of kernels, collectives and allocator not included`,
    ...Object.entries(estimate.reasons).map(([field, reason]) => `  ${field}: ${reason}`),
  ].join('\n');
}

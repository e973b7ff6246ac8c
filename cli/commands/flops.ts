import type { Command } from 'commander';
import type { HardwareOverride } from '../../domain/catalog/hardware.ts';
import type { Recompute } from '../../domain/events.ts';
import { modelFlops, type PackedLength } from '../../domain/model-flops.ts';
import { BadPackedLengths, packedLengthsFromText } from '../../domain/model-packed.ts';
import { type EfficiencyAsked, efficiencyAnswer } from '../../domain/report/flops-answer.ts';
import { siteOf } from '../../services/all-in-one/config.ts';
import { withExamples } from '../examples.ts';
import { isFile, textOfFile } from '../files.ts';
import { flopsText } from '../flops-text.ts';
import { addMemoryOptions, type MemoryOptions, memoryAsked, memoryText } from '../memory-options.ts';
import { architectureFromArgument } from '../model-argument.ts';
import { usageFailure } from '../outcome.ts';
import { settingsFrom } from '../settings.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

/** Used when --sequence-length is not given, and said so in the answer. */
const SEQUENCE_LENGTH_DEFAULT = 4096;
const RECOMPUTE: readonly Recompute[] = ['none', 'selective', 'full'];

interface FlopsOptions extends MemoryOptions {
  readonly sequenceLength?: string;
  readonly packedLengths?: string;
  readonly devices?: string;
  readonly tokensPerSecond?: string;
  readonly hardware?: string;
  readonly hardwareFile?: string;
  readonly dtype?: string;
  readonly peakTflops?: string;
  readonly json?: boolean;
}

export function addFlops(program: Command, terminal: Terminal): void {
  const command = program
    .command('flops')
    .argument(
      '<config-or-preset>',
      'a published config.json, the folder it lies in, or a preset such as llama3-8b',
    )
    .description('parameters and FLOPs per token of a model, and the MFU of a measured speed')
    .option('--sequence-length <tokens>', `tokens of a sequence (default ${SEQUENCE_LENGTH_DEFAULT})`)
    .option(
      '--packed-lengths <list or file>',
      'document lengths of packed batches, as 512,1024 or 512x20,4096x3: attention does not cross them',
    )
    .option('--devices <count>', 'devices that the speed is summed over')
    .option('--tokens-per-second <rate>', 'tokens per second over all devices together')
    .option('--hardware <name>', 'catalog key, or the name that telemetry and logs print')
    .option(
      '--hardware-file <file>',
      'settings file whose hardware_overrides go before the catalog (default: headway.yaml where it is there)',
    )
    .option('--dtype <dtype>', 'format of the matrix products (default bf16)')
    .option('--peak-tflops <peak>', 'dense peak of one device, for one that the catalog lacks')
    .option('--recompute <setting>', `${RECOMPUTE.join(', ')}: gives hardware FLOPs utilisation too`)
    .option('--json', 'one JSON document on standard output')
    .action(async (argument: string, options: FlopsOptions) => {
      const architecture = await architectureFromArgument(argument);
      const given = askedFrom(options);
      const packed = await packedLengthsOf(options.packedLengths);
      const length = packed ?? given.sequence_length ?? SEQUENCE_LENGTH_DEFAULT;
      const model = modelFlops(architecture, length);
      const answer = efficiencyAnswer(model, {
        ...given,
        packed: packed !== undefined,
        hardware_overrides: overridesFrom(options),
      });
      const memory = memoryAsked(architecture, model.sequence_length, given.recompute, options);
      if (options.json === true) printJson(terminal, memory === undefined ? answer : { ...answer, memory });
      else {
        printText(terminal, flopsText(answer));
        if (memory !== undefined) printText(terminal, memoryText(memory));
      }
    });
  addMemoryOptions(command);
  withExamples(
    command,
    'flops llama3-8b --sequence-length 8192 --devices 64 --tokens-per-second 500000 --hardware h100-sxm',
  );
}

function askedFrom(options: FlopsOptions): EfficiencyAsked {
  return {
    sequence_length: count('--sequence-length', options.sequenceLength),
    devices: count('--devices', options.devices),
    tokens_per_s: positive('--tokens-per-second', options.tokensPerSecond),
    hardware: options.hardware,
    dtype: options.dtype,
    given_peak_flops: tera(positive('--peak-tflops', options.peakTflops)),
    recompute: recomputeFrom(options.recompute),
  };
}

function overridesFrom({ hardwareFile }: FlopsOptions): readonly HardwareOverride[] {
  const { config } = settingsFrom(hardwareFile === undefined ? {} : { config: hardwareFile });
  return siteOf(config).hardware_overrides ?? [];
}

/** A list as it stands, or the file that holds one. */
async function packedLengthsOf(argument: string | undefined): Promise<readonly PackedLength[] | undefined> {
  if (argument === undefined) return undefined;
  const text = (await isFile(argument)) ? await textOfFile(argument) : argument;
  try {
    return packedLengthsFromText(text);
  } catch (error) {
    if (error instanceof BadPackedLengths) throw usageFailure(`--packed-lengths: ${error.message}.`, error);
    throw error;
  }
}

function count(flag: string, text: string | undefined): number | undefined {
  const value = positive(flag, text);
  if (value === undefined || Number.isSafeInteger(value)) return value;
  throw usageFailure(`${flag} ${text} is not a whole number above 0.`);
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw usageFailure(`${flag} ${text} is not a number above 0.`);
}

function tera(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value * 1e12;
}

function recomputeFrom(text: string | undefined): Recompute | undefined {
  if (text === undefined) return undefined;
  const known = RECOMPUTE.find((name) => name === text);
  if (known !== undefined) return known;
  throw usageFailure(`--recompute ${text} is not one of ${RECOMPUTE.join(', ')}.`);
}

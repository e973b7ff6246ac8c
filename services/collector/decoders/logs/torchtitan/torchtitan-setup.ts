import type { Parallelism, Recompute } from '../../../../../domain/events.ts';
import type { JobFacts } from '../log-format.ts';
import { numberFrom } from '../log-text.ts';
import { definedOf } from '../run-writer.ts';

/** Facts about the job in a set-up message, or undefined when it says none. */
export interface SetupFacts {
  readonly facts: JobFacts;
  readonly labels: Readonly<Record<string, number>>;
}

export function setupIn(message: string): SetupFacts | undefined {
  const facts = meshIn(message) ?? batchIn(message) ?? hardwareIn(message) ?? recomputeIn(message);
  if (facts !== undefined) return { facts, labels: {} };
  const peak = /^Peak FLOPS used for computing MFU: (\S+)/.exec(message);
  const peak_flops = numberFrom(peak?.[1]);
  return peak_flops === undefined ? undefined : { facts: {}, labels: { logged_peak_flops: peak_flops } };
}

/** `Building 2-D device mesh with ['dp', 'tp'], [4, 2]`, or `... with parallelism: pp=1, dp_replicate=1, dp_shard=8`. */
function meshIn(message: string): JobFacts | undefined {
  const lists = /device mesh with \[([^\]]*)\], \[([^\]]*)\]/.exec(message);
  if (lists !== null) {
    const names = (lists[1] ?? '').split(',').map((name) => name.replace(/['"\s]/g, ''));
    const sizes = (lists[2] ?? '').split(',').map(Number);
    return meshFacts(names.map((name, index) => [name, sizes[index] ?? Number.NaN]));
  }
  const degrees = /device mesh with parallelism: (.*)$/.exec(message);
  if (degrees === null) return undefined;
  const pairs = [...(degrees[1] ?? '').matchAll(/(\w+)=(-?\d+)/g)].map(([, name, size]): [string, number] => [
    name ?? '',
    Number(size),
  ]);
  // Experts are laid over the data and tensor dimensions: they add no devices.
  const held = pairs.filter(([name]) => name !== 'ep' && name !== 'etp');
  const facts = meshFacts(held);
  const ep = pairs.find(([name]) => name === 'ep')?.[1];
  return facts === undefined || ep === undefined
    ? facts
    : { ...facts, parallelism: { ...facts.parallelism, ep } };
}

function meshFacts(dimensions: readonly (readonly [string, number])[]): JobFacts | undefined {
  const product = (of: (name: string) => boolean): number =>
    dimensions.filter(([name]) => of(name)).reduce((total, [, size]) => total * size, 1);
  const devices = product(() => true);
  if (!Number.isInteger(devices) || devices < 1) return undefined;
  const parallelism: Parallelism = {
    tp: product((name) => name === 'tp'),
    pp: product((name) => name === 'pp'),
    dp: product((name) => name.startsWith('dp')),
    cp: product((name) => name === 'cp'),
  };
  return { device_count: devices, parallelism };
}

/** Two generations: batch sizes in sequences, and (2026) tokens per train step. */
function batchIn(message: string): JobFacts | undefined {
  if (!/^(?:Trainer is initialized|Training starts at step \d+, )/.test(message)) return undefined;
  const facts = {
    sequence_length: numberAfter(message, /(?:sequence|maximum context) length (\d+)/),
    global_batch_sequences: numberAfter(message, /global batch size (\d+)/),
    tokens_per_step: numberAfter(message, /(\d+) tokens per train step/),
  };
  return Object.values(facts).every((value) => value === undefined) ? undefined : definedOf(facts);
}

/** `CUDA capacity: NVIDIA H100 with 94.99GiB memory`; 2024: `GPU capacity: NVIDIA H100 (0) with ...`. */
function hardwareIn(message: string): JobFacts | undefined {
  const match = /^[A-Z]+ capacity: (.+?)(?: \(\d+\))? with [\d.]+GiB memory/.exec(message);
  return match?.[1] === undefined ? undefined : { hardware: match[1] };
}

function recomputeIn(message: string): JobFacts | undefined {
  const match = /^Applied (\w+) activation checkpointing to the model/.exec(message);
  if (match?.[1] === undefined) return undefined;
  const mode = match[1].toLowerCase();
  const recompute: Recompute | undefined = mode.startsWith('full')
    ? 'full'
    : mode.startsWith('selective')
      ? 'selective'
      : undefined;
  return recompute === undefined ? undefined : { recompute };
}

function numberAfter(message: string, pattern: RegExp): number | undefined {
  const match = pattern.exec(message);
  return match === null ? undefined : Number(match[1]);
}

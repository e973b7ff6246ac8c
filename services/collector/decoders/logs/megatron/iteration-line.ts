import { numberFrom } from '../log-text.ts';

/** `iteration 12695/ 115311 | name: value | ...`, and Argonne's `iteration= 1/ 317892 | name=value | ...`. */
const ITERATION = /\biteration\s*=?\s*(\d+)\s*\/\s*(\d+)\s*\|(.*)$/;

export interface IterationLine {
  readonly iteration: number;
  readonly total: number;
  /** Lower-case names with spaces for underscores, as `elapsed time per iteration (ms)`. */
  readonly fields: ReadonlyMap<string, string>;
}

export function iterationIn(text: string): IterationLine | undefined {
  const match = ITERATION.exec(text);
  if (match?.[3] === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const part of match[3].split('|')) {
    const field = /^\s*([^:=]+?)\s*[:=]\s*(.*?)\s*$/.exec(part);
    if (field?.[1] !== undefined) fields.set(field[1].toLowerCase().replaceAll('_', ' '), field[2] ?? '');
  }
  return { iteration: Number(match[1]), total: Number(match[2]), fields };
}

/** First of the named fields that is a number; of a pair `current/average` (Primus) the current one. */
export function fieldOf({ fields }: IterationLine, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = numberFrom(fields.get(name)?.split('/')[0]);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Seconds of one iteration; the forks disagree on the unit and write it in the name. */
export function stepSecondsOf(line: IterationLine): number | undefined {
  const seconds = fieldOf(line, 'elapsed time per iteration (s)');
  if (seconds !== undefined) return seconds;
  const ms = fieldOf(line, 'elapsed time per iteration (ms)', 'elapsed time per iteration ms');
  return ms === undefined ? undefined : ms / 1000;
}

export type Dialect = 'megatron-lm' | 'megatron-deepspeed' | 'primus';

/** Who wrote the line, and the fork's own variant where forks differ. */
export function dialectOf(line: IterationLine): {
  readonly framework: Dialect;
  readonly dialect: string | undefined;
} {
  const { fields } = line;
  if (fields.has('elapsed time per iteration ms'))
    return { framework: 'megatron-deepspeed', dialect: 'argonne' };
  if (fields.has('elapsed time per iteration (s)'))
    return { framework: 'megatron-deepspeed', dialect: 'bigscience' };
  if (fields.has('tflops')) return { framework: 'megatron-deepspeed', dialect: 'microsoft' };
  if (fields.get('elapsed time per iteration (ms)')?.includes('/') === true)
    return { framework: 'primus', dialect: undefined };
  return { framework: 'megatron-lm', dialect: undefined };
}

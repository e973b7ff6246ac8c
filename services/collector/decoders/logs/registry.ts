import { composer } from './composer.ts';
import { deepspeed } from './deepspeed.ts';
import { hfTrainer } from './hf-trainer.ts';
import type { LogFormat } from './log-format.ts';
import { maxtext } from './maxtext.ts';
import { megatron } from './megatron/megatron.ts';
import { megatronProgress } from './megatron/progress.ts';
import { mlperf } from './mlperf/mlperf.ts';
import { nanotron } from './nanotron.ts';
import { nemo } from './nemo.ts';
import { torchtitan } from './torchtitan/torchtitan.ts';

/** Every trainer log that is understood. A new format is a file or folder beside this one, and one line here. */
export const LOG_FORMATS: readonly LogFormat[] = [
  torchtitan,
  megatron,
  mlperf,
  nemo,
  nanotron,
  maxtext,
  megatronProgress,
  composer,
  deepspeed,
  hfTrainer,
];

export function logFormat(name: string): LogFormat | undefined {
  return LOG_FORMATS.find((format) => format.name === name || format.aliases?.includes(name));
}

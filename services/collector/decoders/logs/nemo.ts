import type { LogFormat, ToUtc } from './log-format.ts';
import { numberFrom } from './log-text.ts';
import { timeIn } from './log-time.ts';
import { definedOf, type RunWriter } from './run-writer.ts';
import { StepLineDecoder, type StepLineReader } from './step-line-decoder.ts';

const LINE = /Training epoch \d+, iteration (\d+)\/(\d+) \|(.*)$/;

/**
 * NeMo 2: `Training epoch 0, iteration 45/99 | ... | global_step: 45 | ... | train_step_timing in s: 6.08 | ...`, counted
 * from 0; fields come and go with the recipe.
 */
export const nemo: LogFormat = {
  name: 'nemo',
  score: (text) => (LINE.test(text) && text.includes('train_step_timing in s:') ? 5 : 0),
  timeOf: (text, toUtc) => (LINE.test(text) ? timeBefore(text, toUtc) : undefined),
  create: (options, sink) => new StepLineDecoder(NEMO, options, sink),
};

const NEMO: StepLineReader = {
  framework: 'nemo',
  record(text: string, toUtc: ToUtc, writer: RunWriter) {
    const match = LINE.exec(text);
    const fields = new Map((match?.[3] ?? '').split('|').map((field) => fieldOf(field)));
    const step_s = fields.get('train_step_timing in s');
    if (match === null || step_s === undefined) return undefined;
    const sequences = fields.get('global_batch_size');
    const length = writer.sequenceLength;
    const tflops = fields.get('TFLOPS_per_GPU');
    const record = {
      step: fields.get('global_step') ?? Number(match[1]),
      total: Number(match[2]),
      step_s,
      time_us: timeBefore(text, toUtc),
      resolution_us: 1_000_000,
      consumed_samples: fields.get('consumed_samples'),
      sequences,
      tokens_per_step: sequences === undefined || length === undefined ? undefined : sequences * length,
      tflops,
      labels: definedOf({
        logged_tflops: tflops,
        logged_tokens_per_s_per_device: fields.get('tokens_per_sec_per_gpu'),
      }),
    };
    return { record, learned: { facts: definedOf({ global_batch_sequences: sequences }), labels: {} } };
  },
  isCut: (text) => LINE.test(text) && !text.includes('train_step_timing'),
};

function fieldOf(field: string): [string, number | undefined] {
  const colon = field.lastIndexOf(':');
  return [field.slice(0, colon).trim(), numberFrom(field.slice(colon + 1))];
}

function timeBefore(text: string, toUtc: ToUtc): number | undefined {
  return timeIn(text.slice(0, text.indexOf('Training epoch')), toUtc);
}

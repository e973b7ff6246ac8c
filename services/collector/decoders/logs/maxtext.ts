import { presetNames } from '../../../../domain/model-config.ts';
import type { JobFacts, LogFormat, ToUtc } from './log-format.ts';
import { numberFrom } from './log-text.ts';
import { timeIn } from './log-time.ts';
import { definedOf, type RunWriter } from './run-writer.ts';
import { StepLineDecoder, type StepLineReader } from './step-line-decoder.ts';

const LINE =
  /completed step: (\d+), seconds: ([\d.]+), TFLOP\/s\/device: ([\d.]+)(?:, Tokens\/s\/device: ([\d.]+))?/;

/**
 * MaxText: `completed step: 9, seconds: 5.667, TFLOP/s/device: 134.924, Tokens/s/device: 8672.758, ...`. Its first steps
 * are dispatched without being waited for and print impossible speeds; the report sets those aside.
 */
export const maxtext: LogFormat = {
  name: 'maxtext',
  score: (text) => (LINE.test(text) ? 5 : 0),
  timeOf: (text, toUtc) => (LINE.test(text) ? timeBefore(text, toUtc) : undefined),
  create: (options, sink) => new StepLineDecoder(MAXTEXT, options, sink),
};

const MAXTEXT: StepLineReader = {
  framework: 'maxtext',
  record(text: string, toUtc: ToUtc, writer: RunWriter) {
    const match = LINE.exec(text);
    if (match === null) return undefined;
    const step_s = Number(match[2]);
    const per_device = numberFrom(match[4]);
    const { devices } = writer;
    const tokens =
      per_device === undefined || devices === undefined ? undefined : per_device * step_s * devices;
    const tflops = numberFrom(match[3]);
    const record = {
      step: Number(match[1]),
      step_s,
      time_us: timeBefore(text, toUtc),
      resolution_us: 1_000_000,
      tokens_per_step: writer.tokensPerStep ?? (tokens === undefined ? undefined : Math.round(tokens)),
      labels: definedOf({ logged_tflops: tflops, logged_tokens_per_s_per_device: per_device }),
    };
    return { record, learned: { facts: {}, labels: {} } };
  },
  learn(text) {
    const devices = /\bNum_devices: (\d+)/.exec(text);
    if (devices !== null) return { facts: { device_count: Number(devices[1]) }, labels: {} };
    const param = /^.*\bConfig param (\w+): (.*)$/.exec(text);
    const facts = param === null ? undefined : factOf(param[1] ?? '', (param[2] ?? '').trim());
    return facts === undefined ? undefined : { facts, labels: {} };
  },
  isCut: (text) => /completed step: \d+/.test(text) && !LINE.test(text),
};

function factOf(name: string, value: string): JobFacts | undefined {
  if (name === 'max_target_length') return definedOf({ sequence_length: numberFrom(value) });
  if (name === 'model_name' && presetNames().includes(value)) return { model: value };
  if (name === 'dtype' && value === 'bfloat16') return { dtype: 'bf16' };
  if (name === 'remat_policy' && value === 'full') return { recompute: 'full' };
  return undefined;
}

function timeBefore(text: string, toUtc: ToUtc): number | undefined {
  return timeIn(text.slice(0, text.indexOf('completed step')), toUtc);
}

import type { LogFormat, ToUtc } from './log-format.ts';
import { numberFrom } from './log-text.ts';
import { timeIn } from './log-time.ts';
import { NanotronTimers, phasesOfFields } from './nanotron-timers.ts';
import { definedOf } from './run-writer.ts';
import { StepLineDecoder, type StepLineReader } from './step-line-decoder.ts';

const LINE = /\biteration: (\d+) \/ (\d+) \| consumed_(?:tokens|samples):(.*)$/;
/** `07/06/2024 14:32:45 [INFO|DP=0|PP=0|TP=0|host]:`, month first. */
const TIME = /(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)/;

/**
 * nanotron: `iteration: 91 / 100 | consumed_tokens: 46.6K | time_per_iteration_ms: 49.8 | tokens_per_sec: 10.3K | ...`.
 * Numbers have three digits, and `global_batch_size` is in tokens.
 */
export const nanotron: LogFormat = {
  name: 'nanotron',
  score: (text) => (LINE.test(text) && text.includes('time_per_iteration_ms') ? 5 : 0),
  timeOf: (text, toUtc) => timeOf(text, toUtc),
  create: (options, sink) => new StepLineDecoder(NANOTRON, options, sink),
};

const NANOTRON: StepLineReader = {
  framework: 'nanotron',
  createTimers: () => new NanotronTimers(),
  record(text, toUtc) {
    const match = LINE.exec(text);
    const fields = new Map(
      (match?.[3] ?? '').split('|').map((field): [string, number | undefined] => {
        const [name = '', value] = field.split(':');
        return [name.trim(), numberFrom(value)];
      }),
    );
    const ms = fields.get('time_per_iteration_ms') ?? fields.get('elapsed_time_per_iteration_ms');
    if (match === null || ms === undefined) return undefined;
    const tokens = fields.get('global_batch_size');
    const tflops = fields.get('model_tflops_per_gpu');
    const per_device = fields.get('tokens_per_sec_per_gpu');
    const record = {
      step: Number(match[1]),
      total: Number(match[2]),
      step_s: ms / 1000,
      time_us: timeOf(text, toUtc),
      resolution_us: 1_000_000,
      tokens_per_step: tokens,
      tflops,
      phases_s: phasesOfFields(fields),
      labels: definedOf({ logged_tflops: tflops, logged_tokens_per_s_per_device: per_device }),
    };
    const device_count = devicesOf(fields.get('tokens_per_sec'), per_device);
    return { record, learned: { facts: definedOf({ tokens_per_step: tokens, device_count }), labels: {} } };
  },
  isCut: (text) => LINE.test(text) && !text.includes('time_per_iteration_ms'),
};

/** Global over per-device throughput, when three digits are enough to tell. */
function devicesOf(all: number | undefined, one: number | undefined): number | undefined {
  if (all === undefined || one === undefined || one <= 0) return undefined;
  const devices = Math.round(all / one);
  return devices >= 1 && devices <= 32 && Math.abs(all / one - devices) < 0.01 * devices
    ? devices
    : undefined;
}

function timeOf(text: string, toUtc: ToUtc): number | undefined {
  const match = TIME.exec(text);
  return match === null ? undefined : timeIn(`${match[3]}-${match[1]}-${match[2]} ${match[4]}`, toUtc);
}

import type { Labels } from '../../../../domain/events.ts';
import type { LogDecoder, LogFormat, LogLine, LogOptions, LogSink, OpenAttempt } from './log-format.ts';
import { numberFrom } from './log-text.ts';
import { definedOf, RunWriter } from './run-writer.ts';
import { SYNTHETIC_START_US } from './synthetic-time.ts';

/** `[batch=20/50]:`, `[epoch=1][batch=5/5]:`; in the second the batch is of the epoch, and `time/batch` counts them all. */
const HEAD = /^\s*(?:\[epoch=(\d+)(?:\/\d+)?\])?\[batch=(\d+)\/(\d+)\]:\s*$/;
const FIELD = /^\s+(?:Train )?((?:time|throughput|trainer)\/[\w/]+): (\S+)\s*$/;

/** Printed with four decimals: half of the last one in hours, seconds; and of a rate. */
const HALF_HOURS_S = 0.00005 * 3600;
const HALF_RATE = 0.00005;

/**
 * llm-foundry and Composer on a console (composer/loggers/console_logger.py and callbacks/speed_monitor.py, 2023-2026): a
 * block every `console_log_interval`. The mean step since the last block is read off `time/train` (hours of training, without
 * evaluation) or off `throughput/batches_per_sec` (a window of 100), whichever its four decimals tell more exactly.
 */
export const composer: LogFormat = {
  name: 'composer',
  aliases: ['llm-foundry'],
  score: (text) => (HEAD.test(text) ? 1 : FIELD.test(text) && text.includes('throughput/') ? 0.5 : 0),
  timeOf: () => undefined,
  create: (options, sink) => new ComposerDecoder(options, sink),
};

interface Block {
  readonly batch: number;
  readonly line: number;
  readonly fields: Map<string, number>;
}

interface Mark {
  readonly step: number;
  readonly train_h: number | undefined;
  readonly val_h: number | undefined;
  readonly tokens: number | undefined;
}

class ComposerDecoder implements LogDecoder {
  private readonly sink: LogSink;
  private readonly writer: RunWriter;
  private block: Block | undefined;
  private last: Mark | undefined;
  private cursor_us: number;

  constructor(options: LogOptions, sink: LogSink) {
    this.sink = sink;
    this.writer = new RunWriter(options, sink, 'composer');
    this.cursor_us = options.synthetic_start_us ?? SYNTHETIC_START_US;
  }

  line({ text, number }: LogLine): void {
    const head = HEAD.exec(text);
    const field = head === null ? FIELD.exec(text) : null;
    if (head !== null) {
      this.flush();
      this.block = { batch: Number(head[2]), line: number, fields: new Map() };
      return;
    }
    const value = numberFrom(field?.[2]);
    if (field?.[1] !== undefined && value !== undefined) this.block?.fields.set(field[1], value);
    else this.writer.watch(text, undefined);
  }

  end(): OpenAttempt | undefined {
    this.flush();
    this.writer.learn({}, { time_source: 'synthetic' });
    return this.writer.finish();
  }

  private flush(): void {
    const { block } = this;
    this.block = undefined;
    if (block === undefined) return;
    const { fields } = block;
    // `time/batch` is of the batch that just ran, from 0
    const counted = fields.get('time/batch');
    const mark: Mark = {
      step: counted === undefined ? block.batch : counted + 1,
      train_h: fields.get('time/train'),
      val_h: fields.get('time/val'),
      tokens: fields.get('time/token'),
    };
    if (this.writer.attempt === undefined || (this.last !== undefined && mark.step <= this.last.step)) {
      this.writer.learn({}, { time_source: 'synthetic' });
      this.writer.begin(this.cursor_us);
      this.last = undefined;
      this.sink.note('the log carries no time: steps are laid end to end on a made-up clock');
    }
    this.learn(fields);
    this.write(mark, fields, block.line);
    this.last = mark;
  }

  private learn(fields: ReadonlyMap<string, number>): void {
    const all = fields.get('throughput/samples_per_sec');
    const own = fields.get('throughput/device/samples_per_sec');
    if (all === undefined || own === undefined || own <= 0) return;
    const devices = Math.round(all / own);
    // four decimals of the smaller rate must be enough to tell a whole number
    if ((HALF_RATE / own) * devices < 0.4) this.writer.learn({ device_count: devices });
  }

  private write(mark: Mark, fields: ReadonlyMap<string, number>, line: number): void {
    const { last } = this;
    const count = last === undefined ? 1 : mark.step - last.step;
    const step_s = stepSeconds(mark, last, count, fields.get('throughput/batches_per_sec'));
    if (step_s === undefined) {
      // the first block of a run has no speed yet
      if (last !== undefined) this.sink.reject(line, 'no_step_time', 'a block without throughput or time');
      return;
    }
    const start_us = this.cursor_us;
    this.cursor_us += Math.round(step_s * count * 1e6);
    const device_rate = fields.get('throughput/device/tokens_per_sec');
    const labels: Labels = definedOf({
      logged_tokens_per_s_per_device: device_rate,
      logged_mfu_ratio: fields.get('throughput/device/mfu'),
    });
    const tokens = tokensOf(mark, last) ?? tokensBySpeed(fields, count);
    this.writer.step({
      step: mark.step,
      start_us,
      end_us: this.cursor_us,
      ...definedOf({ count: count === 1 ? undefined : count, tokens }),
      labels,
    });
    this.evaluation(mark, last);
  }

  private evaluation(mark: Mark, last: Mark | undefined): void {
    const length_s = ((mark.val_h ?? 0) - (last?.val_h ?? mark.val_h ?? 0)) * 3600;
    if (length_s <= 0) return;
    const start_us = this.cursor_us;
    this.cursor_us += Math.round(length_s * 1e6);
    this.writer.span({ kind: 'custom', name: 'eval', start_us, end_us: this.cursor_us });
  }
}

function stepSeconds(
  { train_h }: Mark,
  last: Mark | undefined,
  count: number,
  rate: number | undefined,
): number | undefined {
  const before_h = last?.train_h;
  const length_s = train_h === undefined || before_h === undefined ? 0 : (train_h - before_h) * 3600;
  const byTime =
    length_s > 0 ? { step_s: length_s / count, error: (2 * HALF_HOURS_S) / length_s } : undefined;
  const byRate = rate === undefined || rate <= 0 ? undefined : { step_s: 1 / rate, error: HALF_RATE / rate };
  if (byTime === undefined || byRate === undefined) return (byTime ?? byRate)?.step_s;
  return byTime.error <= byRate.error ? byTime.step_s : byRate.step_s;
}

function tokensOf({ tokens }: Mark, last: Mark | undefined): number | undefined {
  const before = last?.tokens;
  return tokens === undefined || before === undefined || tokens <= before ? undefined : tokens - before;
}

/** Of the block that has nothing before it: tokens over batches per second. */
function tokensBySpeed(fields: ReadonlyMap<string, number>, count: number): number | undefined {
  const tokens = fields.get('throughput/tokens_per_sec');
  const batches = fields.get('throughput/batches_per_sec');
  if (tokens === undefined || batches === undefined || batches <= 0) return undefined;
  return Math.round((tokens / batches) * count);
}

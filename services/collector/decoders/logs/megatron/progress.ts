import type { Labels } from '../../../../../domain/events.ts';
import type {
  LogDecoder,
  LogFormat,
  LogLine,
  LogOptions,
  LogSink,
  OpenAttempt,
  ToUtc,
} from '../log-format.ts';
import { numberFrom } from '../log-text.ts';
import { createZone, TIMES_AS_UTC, timeIn } from '../log-time.ts';
import { definedOf, RunWriter } from '../run-writer.ts';

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\tJob ID: ([^\t]*)\t# GPUs: (\d+)\t(.*)$/;
const SAVED = /^Saved checkpoint\tIteration: (\d+)/;
const THROUGHPUT = /\t(Job|Cumulative) throughput: ([\d.]+) TFLOP\/s\/GPU/g;
const TOKENS = /\tTokens \(in billions\): ([\d.]+)/;

/**
 * `progress.txt` of Megatron-LM with `--log-progress` (training.py `append_to_progress_log`, 2024-2026): when jobs started
 * and what was saved. Between two saves the steps are told as one mean, the save itself included; from a start to its first
 * save start-up is in it too, and no rate is made of that.
 */
export const megatronProgress: LogFormat = {
  name: 'megatron-progress',
  score: (text) => (LINE.test(text) ? 5 : 0),
  timeOf: (text, toUtc) => (LINE.test(text) ? timeIn(text, toUtc) : undefined),
  create: (options, sink) => new ProgressDecoder(options, sink),
};

interface Save {
  readonly step: number;
  readonly time_us: number;
  /** Billions, two decimals. */
  readonly tokens: number | undefined;
}

class ProgressDecoder implements LogDecoder {
  private readonly sink: LogSink;
  private readonly toUtc: ToUtc;
  private readonly writer: RunWriter;
  private readonly has_zone: boolean;
  private started_us: number | undefined;
  /** The newest save of the open attempt, and of all. */
  private last: Save | undefined;
  private newest: Save | undefined;

  constructor(options: LogOptions, sink: LogSink) {
    this.sink = sink;
    this.toUtc = createZone(options.timezone);
    this.has_zone = options.timezone !== undefined;
    this.writer = new RunWriter(options, sink, 'megatron-lm');
  }

  line({ text, number }: LogLine): void {
    const match = LINE.exec(text);
    const time_us = match === null ? undefined : timeIn(text, this.toUtc);
    if (match === null || time_us === undefined) {
      if (/\t(?:Job ID|# GPUs): /.test(text))
        this.sink.reject(number, 'cut_line', 'a line of progress without its end');
      return;
    }
    if (!this.has_zone) this.sink.note(TIMES_AS_UTC);
    const devices = Number(match[2]);
    const what = match[3] ?? '';
    if (what.startsWith('Starting job')) this.start(time_us, devices);
    else this.saved(what, time_us);
    this.writer.seen(time_us);
  }

  end(): OpenAttempt | undefined {
    return this.writer.finish();
  }

  private start(time_us: number, devices: number): void {
    this.writer.begin(time_us, devices);
    this.writer.learn({ device_count: devices });
    this.started_us = time_us;
    this.last = undefined;
  }

  private saved(what: string, time_us: number): void {
    const step = Number(SAVED.exec(what)?.[1] ?? Number.NaN);
    if (!Number.isSafeInteger(step)) return;
    const tokens = numberFrom(TOKENS.exec(what)?.[1]);
    const save = { step, time_us, tokens };
    if (this.writer.attempt !== undefined) this.write(save, what);
    this.last = save;
    this.newest = save;
  }

  private write(save: Save, what: string): void {
    // a run that goes on from a save begins where that ended; the one before it may have been at a later step
    const before =
      this.last ?? (this.newest !== undefined && this.newest.step < save.step ? this.newest : undefined);
    const start_us = this.last?.time_us ?? this.started_us ?? save.time_us;
    const count = save.step - (before?.step ?? 0);
    if (count <= 0 || save.time_us <= start_us) return;
    const labels: Record<string, Labels[string]> = { mean_of: 'checkpoint interval' };
    if (this.last === undefined) labels['unlogged'] = true;
    for (const [, name, value] of what.matchAll(THROUGHPUT))
      labels[`logged_${name === 'Job' ? 'job' : 'cumulative'}_tflops`] = Number(value);
    const tokens =
      save.tokens === undefined || before?.tokens === undefined || save.tokens <= before.tokens
        ? undefined
        : Math.round((save.tokens - before.tokens) * 1e9);
    this.sink.note('progress.txt tells of checkpoints only: steps are means between them, saves included');
    this.writer.step({
      step: save.step,
      start_us,
      end_us: save.time_us,
      ...definedOf({ count: count === 1 ? undefined : count, tokens }),
      labels,
    });
  }
}

import type { Labels } from '../../../../domain/events.ts';
import { type DeepSpeedTimers, deepSpeedTimersIn, phasesOfDeepSpeed } from './deepspeed-timers.ts';
import type {
  LogDecoder,
  LogFormat,
  LogLine,
  LogOptions,
  LogSink,
  OpenAttempt,
  ToUtc,
} from './log-format.ts';
import { numberFrom } from './log-text.ts';
import { createZone, TIMES_AS_UTC, timeIn } from './log-time.ts';
import { definedOf, RunWriter } from './run-writer.ts';

/** `[Rank 0] step=10, skipped=4, lr=[...], mom=[...]` (runtime/engine.py `_report_progress`). */
const PROGRESS = /\bstep=(\d+), skipped=(\d+), lr=\[/;
/** `epoch=0/micro_step=40/global_step=10, RunningAvgSamplesPerSec=..`, older `0/20, RunningAvg..` (utils/timer.py). */
const SPEED = /(?:global_step=|\b\d+\/)(\d+), (?:Running|Avg|Samples).*?CurrSamplesPerSec=([\d.eE+-]+)/;
const CONFIG =
  /\[config\.py:\d+:print\]\s+(train_batch_size|world_size|bfloat16_enabled|fp16_enabled)\s*\.+\s*(\S+)/;
const LAUNCH = /DeepSpeed info: version=|WORLD INFO DICT/;
const SAVING = /Checkpoint \S+ is about to be saved/;
const SAVED = /Checkpoint \S+ is ready now/;

/**
 * DeepSpeed without a trainer that prints more: every `steps_per_print` steps a number and a time of day. The steps between
 * two lines are given as their mean; of those before the first line only the last one's speed is told, if that.
 */
export const deepspeed: LogFormat = {
  name: 'deepspeed',
  // below every trainer built on DeepSpeed, whose own lines say more
  score: (text) => (PROGRESS.test(text) || SPEED.test(text) ? 0.01 : 0),
  timeOf: (text, toUtc) => timeIn(text.slice(0, 64), toUtc),
  create: (options, sink) => new DeepSpeedDecoder(options, sink),
};

interface Progress {
  readonly step: number;
  readonly time_us: number;
  readonly skipped: number | undefined;
  /** Samples per second of the step itself. */
  readonly samples_per_s: number | undefined;
}

class DeepSpeedDecoder implements LogDecoder {
  private readonly sink: LogSink;
  private readonly toUtc: ToUtc;
  private readonly writer: RunWriter;
  private readonly has_zone: boolean;
  /** A progress line whose speed may follow it. */
  private pending: Progress | undefined;
  private last: Progress | undefined;
  /** Of the steps since the last progress line. */
  private timers: DeepSpeedTimers[] = [];
  private saving_us: number | undefined;
  /** End and length of the saves since the last progress line. */
  private saves: { readonly start_us: number; readonly end_us: number }[] = [];

  constructor(options: LogOptions, sink: LogSink) {
    this.sink = sink;
    this.toUtc = createZone(options.timezone);
    this.has_zone = options.timezone !== undefined;
    this.writer = new RunWriter(options, sink, 'deepspeed');
  }

  line({ text, number }: LogLine): void {
    const time_us = timeIn(text.slice(0, 64), this.toUtc);
    if (time_us !== undefined && !this.has_zone) this.sink.note(TIMES_AS_UTC);
    const progress = PROGRESS.exec(text);
    const speed = SPEED.exec(text);
    if (progress !== null) this.progress(Number(progress[1]), time_us, number, Number(progress[2]));
    else if (speed !== null) this.speed(Number(speed[1]), time_us, number, numberFrom(speed[2]));
    else this.other(text, time_us);
  }

  end(): OpenAttempt | undefined {
    this.flush();
    return this.writer.finish();
  }

  private progress(step: number, time_us: number | undefined, number: number, skipped?: number): void {
    if (this.pending?.step === step) return;
    this.flush();
    if (time_us === undefined) {
      this.sink.reject(number, 'no_time', 'a progress line without its time of day');
      return;
    }
    if (this.writer.failed) this.writer.dismissFailure();
    this.pending = { step, time_us, skipped, samples_per_s: undefined };
  }

  private speed(step: number, time_us: number | undefined, number: number, rate: number | undefined): void {
    if (this.pending?.step !== step) this.progress(step, time_us, number);
    if (this.pending?.step === step) this.pending = { ...this.pending, samples_per_s: rate };
  }

  private other(text: string, time_us: number | undefined): void {
    const timers = deepSpeedTimersIn(text);
    if (timers !== undefined) {
      this.timers.push(timers);
      // the timers of a step are printed behind its progress line, and are the last that is said of it
      if (this.pending !== undefined) this.flush();
      return;
    }
    const config = CONFIG.exec(text);
    if (config !== null) this.configured(config[1] ?? '', config[2] ?? '');
    if (LAUNCH.test(text)) this.launch(time_us);
    if (SAVING.test(text)) this.saving(time_us);
    else if (SAVED.test(text)) this.saved(time_us);
    else this.writer.watch(text, time_us);
    if (time_us !== undefined) this.writer.seen(time_us);
  }

  private configured(name: string, value: string): void {
    const number = numberFrom(value);
    if (name === 'train_batch_size') this.writer.learn(definedOf({ global_batch_sequences: number }));
    else if (name === 'world_size') this.writer.learn(definedOf({ device_count: number }));
    else if (value === 'True') this.writer.learn({ dtype: name.startsWith('b') ? 'bf16' : 'fp16' });
  }

  private launch(time_us: number | undefined): void {
    this.flush();
    const { attempt } = this.writer;
    if (time_us === undefined || (attempt !== undefined && attempt.steps === 0)) return;
    this.writer.begin(time_us);
    this.last = undefined;
  }

  private saving(time_us: number | undefined): void {
    this.flush();
    this.saving_us = time_us;
  }

  private saved(time_us: number | undefined): void {
    const start_us = this.saving_us;
    this.saving_us = undefined;
    if (start_us === undefined || time_us === undefined || this.writer.attempt === undefined) return;
    this.writer.span({ kind: 'ckpt_save', start_us, end_us: time_us });
    this.saves.push({ start_us, end_us: time_us });
  }

  private flush(): void {
    const { pending, timers } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    this.timers = [];
    if (this.writer.attempt === undefined) this.writer.begin(undefined);
    else if (this.last !== undefined && pending.step <= this.last.step) {
      this.writer.begin(undefined);
      this.last = undefined;
    }
    this.write(pending, timers);
    this.last = pending;
    this.saves = [];
  }

  private write(progress: Progress, timers: readonly DeepSpeedTimers[]): void {
    const { step, time_us, samples_per_s, skipped } = progress;
    const batch = this.writer.sequences;
    const own_s = samples_per_s && batch !== undefined ? batch / samples_per_s : undefined;
    const before = this.last;
    const start_us = before === undefined ? undefined : this.afterSaves(before.time_us);
    const length_us = before === undefined ? (own_s ?? Number.NaN) * 1e6 : time_us - (start_us ?? time_us);
    if (!(length_us > 0)) {
      this.sink.note(`nothing says how long the steps up to ${step} took: they are not counted`);
      this.writer.seen(time_us);
      return;
    }
    const count = before === undefined ? 1 : step - before.step;
    const phases_s = phasesOfDeepSpeed(timers);
    const tokens = this.writer.tokensPerStep;
    const labels: Labels = definedOf({
      logged_samples_per_s: samples_per_s,
      logged_skipped_steps: skipped === 0 ? undefined : skipped,
      phase_source: phases_s === undefined ? undefined : 'timers',
    });
    this.writer.step({
      step,
      start_us: time_us - Math.round(length_us),
      end_us: time_us,
      ...definedOf({
        count: count === 1 ? undefined : count,
        tokens: tokens === undefined ? undefined : tokens * count,
      }),
      ...(phases_s === undefined
        ? {}
        : {
            phases_us: Object.fromEntries(
              Object.entries(phases_s).map(([name, s]) => [name, Math.round(s * count * 1e6)]),
            ),
          }),
      labels,
    });
  }

  /** A save lies right behind the line of its step: the next steps begin after it. */
  private afterSaves(time_us: number): number {
    return this.saves.reduce((latest, { end_us }) => Math.max(latest, end_us), time_us);
  }
}

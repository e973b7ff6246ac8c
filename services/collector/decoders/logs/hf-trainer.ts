import type { LogDecoder, LogFormat, LogLine, LogOptions, LogSink, OpenAttempt } from './log-format.ts';
import { numberFrom } from './log-text.ts';
import { definedOf, RunWriter } from './run-writer.ts';
import { SYNTHETIC_START_US } from './synthetic-time.ts';

/** `{'loss': 2.1, 'grad_norm': 1.2, ...}`, and the record of the end with `train_runtime`. */
const RECORD = /\{'(?:loss|eval_loss|eval_runtime|train_runtime)': .*\}/;
/** The bar of the run has no name before it: ` 10%|█         | 100/1000 [01:40<15:00,  1.00s/it]`. */
const BAR = /^\s*\d+%\|[^|]*\|\s*(\d+)\/(\d+) \[(?:(\d+):)?(\d+):(\d+)</;
const TOTAL = /Total optimization steps = ([\d,]+)/;
const BATCH = /Total train batch size \(w\. parallel, distributed & accumulation\) = ([\d,]+)/;

/**
 * Hugging Face Trainer on a console (transformers trainer.py, 2020-2026). Its records number and time no steps: both are
 * read off the progress bar, which counts whole seconds, evaluations (`eval_runtime`) taken out. Without a bar the mean of
 * the run is given, where the steps are known.
 */
export const hfTrainer: LogFormat = {
  name: 'hf-trainer',
  aliases: ['huggingface', 'transformers'],
  // below DeepSpeed, whose lines carry a time of day
  score: (text) => (RECORD.test(text) ? 0.005 : 0),
  timeOf: () => undefined,
  create: (options, sink) => new HfTrainerDecoder(options, sink),
};

type Entry =
  | { readonly kind: 'bar'; readonly step: number; readonly total: number; readonly elapsed_s: number }
  | { readonly kind: 'evaluation'; readonly length_s: number };

class HfTrainerDecoder implements LogDecoder {
  private readonly sink: LogSink;
  private readonly writer: RunWriter;
  private readonly entries: Entry[] = [];
  private total: number | undefined;
  private runtime_s: number | undefined;
  private steps_per_s: number | undefined;
  private cursor_us: number;

  constructor(options: LogOptions, sink: LogSink) {
    this.sink = sink;
    this.writer = new RunWriter(options, sink, 'transformers');
    this.cursor_us = options.synthetic_start_us ?? SYNTHETIC_START_US;
  }

  line({ text, number }: LogLine): void {
    const bar = BAR.exec(text);
    if (bar !== null) this.bar(bar);
    const record = RECORD.exec(text)?.[0];
    if (record !== undefined) this.record(record);
    else if (/\{'(?:train_runtime|eval_runtime)': [^}]*$/.test(text))
      this.sink.reject(number, 'cut_line', 'a record without its end');
    this.total = numberFrom(TOTAL.exec(text)?.[1]) ?? this.total;
    const batch = numberFrom(BATCH.exec(text)?.[1]);
    if (batch !== undefined) this.writer.learn({ global_batch_sequences: batch });
  }

  end(): OpenAttempt | undefined {
    this.writer.learn({}, { time_source: 'synthetic' });
    const total = this.total ?? this.mainTotal();
    const bars = this.entries.filter((entry) => entry.kind === 'evaluation' || entry.total === total);
    if (bars.some(({ kind }) => kind === 'bar')) this.writeBars(bars);
    else this.writeMean();
    return this.writer.finish();
  }

  private bar([, step, total, hours, minutes, seconds]: RegExpExecArray): void {
    const elapsed_s = Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds);
    this.entries.push({ kind: 'bar', step: Number(step), total: Number(total), elapsed_s });
  }

  private record(text: string): void {
    const length_s = fieldIn(text, 'eval_runtime');
    if (length_s !== undefined) this.entries.push({ kind: 'evaluation', length_s });
    this.runtime_s = fieldIn(text, 'train_runtime') ?? this.runtime_s;
    this.steps_per_s = fieldIn(text, 'train_steps_per_second') ?? this.steps_per_s;
    const flops = fieldIn(text, 'total_flos');
    if (flops !== undefined && this.runtime_s !== undefined)
      this.writer.learn({}, { logged_total_flops: flops });
  }

  /** Evaluations draw bars of their own: the run's is the one that ran longest. */
  private mainTotal(): number | undefined {
    let longest: { readonly total: number; readonly elapsed_s: number } | undefined;
    for (const entry of this.entries) {
      if (entry.kind === 'bar' && (longest === undefined || entry.elapsed_s > longest.elapsed_s))
        longest = entry;
    }
    return longest?.total;
  }

  private writeBars(entries: readonly Entry[]): void {
    this.sink.note(
      'steps are timed by the progress bar, to a second, and laid end to end on a made-up clock',
    );
    this.writer.begin(this.cursor_us);
    let last = { step: 0, elapsed_s: 0 };
    let evaluated_s = 0;
    for (const entry of entries) {
      if (entry.kind === 'evaluation') {
        evaluated_s += entry.length_s;
        continue;
      }
      if (entry.step < last.step) {
        this.writer.begin(this.cursor_us);
        last = { step: 0, elapsed_s: 0 };
        evaluated_s = 0;
      }
      // several steps within a second are told together once the second is over
      const length_s = entry.elapsed_s - last.elapsed_s - evaluated_s;
      if (entry.step === last.step || length_s <= 0) continue;
      this.evaluation(evaluated_s);
      this.step(entry.step, entry.step - last.step, length_s);
      last = entry;
      evaluated_s = 0;
    }
    this.evaluation(evaluated_s);
  }

  private writeMean(): void {
    const evaluated_s = this.entries.reduce(
      (sum, entry) => (entry.kind === 'evaluation' ? sum + entry.length_s : sum),
      0,
    );
    const steps = this.stepsOfRun();
    if (steps === undefined || this.runtime_s === undefined || this.runtime_s <= evaluated_s) {
      this.sink.note(
        'nothing says how long the steps took: no progress bar, and no train_runtime with its steps',
      );
      return;
    }
    this.sink.note('no progress bar: steps are given as the mean of the run, on a made-up clock');
    this.writer.begin(this.cursor_us);
    this.step(steps, steps, this.runtime_s - evaluated_s);
    this.evaluation(evaluated_s);
  }

  /** Of steps per second, which have three decimals, only where those are enough to tell a whole number. */
  private stepsOfRun(): number | undefined {
    if (this.total !== undefined) return this.total;
    if (this.runtime_s === undefined || this.steps_per_s === undefined) return undefined;
    return this.runtime_s * 0.0005 < 0.5 ? Math.round(this.runtime_s * this.steps_per_s) : undefined;
  }

  private step(step: number, count: number, length_s: number): void {
    const start_us = this.cursor_us;
    this.cursor_us += Math.round(length_s * 1e6);
    const tokens = this.writer.tokensPerStep;
    this.writer.step({
      step,
      start_us,
      end_us: this.cursor_us,
      ...definedOf({
        count: count === 1 ? undefined : count,
        tokens: tokens === undefined ? undefined : tokens * count,
      }),
    });
  }

  private evaluation(length_s: number): void {
    if (length_s <= 0) return;
    const start_us = this.cursor_us;
    this.cursor_us += Math.round(length_s * 1e6);
    this.writer.span({ kind: 'custom', name: 'eval', start_us, end_us: this.cursor_us });
  }
}

/** Newer versions print their numbers as texts: `'train_runtime': '12.3'`. */
function fieldIn(record: string, name: string): number | undefined {
  return numberFrom(new RegExp(`'${name}': '?([^,'}]+)`).exec(record)?.[1]);
}

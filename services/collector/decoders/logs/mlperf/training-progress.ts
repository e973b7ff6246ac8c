import type { LogSink } from '../log-format.ts';
import { definedOf, type RunWriter } from '../run-writer.ts';
import { finite, type MllogEntry } from './mllog-line.ts';

type Values = Readonly<Record<string, unknown>>;

/** A stretch of training between two marks of the log; positions are samples trained so far. */
interface Stretch {
  readonly start_us: number;
  readonly start_samples: number | undefined;
}

/**
 * Steps of a run between its marks (run, block and evaluation). Where every step is logged with its own time, a step ends
 * when it was logged and is as long as it says; what lies between is left over and shown as such. Where only samples are
 * logged, the stretch between two marks stands for the steps that its samples make.
 */
export class TrainingProgress {
  private readonly writer: RunWriter;
  private readonly sink: LogSink;
  private stretch: Stretch | undefined;
  /** Closed, its end in samples not told yet. */
  private closed: (Stretch & { readonly end_us: number }) | undefined;
  private samples = 0;
  private step_unit: 'tokens' | 'samples' | undefined;
  private stepwise = false;
  private newest_step = 0;
  private cursor_us = Number.NEGATIVE_INFINITY;

  constructor(writer: RunWriter, sink: LogSink) {
    this.writer = writer;
    this.sink = sink;
  }

  get lastStepEnd(): number | undefined {
    return this.newest_step === 0 ? undefined : this.cursor_us;
  }

  /** Training begins or goes on. */
  open(entry: MllogEntry): void {
    const samples = this.samplesAt(entry, 'start');
    this.settle(samples);
    if (this.stretch !== undefined && (samples === undefined || samples === this.stretch.start_samples))
      return;
    this.stretch = { start_us: entry.time_us, start_samples: samples ?? this.samples };
    this.cursor_us = Math.max(this.cursor_us, entry.time_us);
  }

  /** Training stops for an evaluation, the end of a block or of the run. */
  close(entry: MllogEntry): void {
    const samples = this.samplesAt(entry, 'end');
    const { stretch } = this;
    this.stretch = undefined;
    if (stretch !== undefined) this.closed = { ...stretch, end_us: entry.time_us };
    this.settle(samples);
  }

  position(entry: MllogEntry): void {
    this.settle(this.samplesAt(entry, 'end'));
  }

  /** `train_loss` with the samples so far: a point inside a stretch. */
  point(entry: MllogEntry): void {
    const samples = this.samplesAt(entry, 'end');
    if (this.stepwise || this.stretch === undefined || samples === undefined) return;
    this.writeStretch(this.stretch, entry.time_us, samples);
    this.stretch = { start_us: entry.time_us, start_samples: samples };
  }

  /** `tracked_stats`: the time of one step, or (with a throughput) the summary of a block, which is no step. */
  stats(entry: MllogEntry, values: Values): void {
    const step_s = stepSecondsOf(values);
    if (step_s === undefined || values['throughput'] !== undefined) return;
    this.stepwise = true;
    this.stretch = undefined;
    this.closed = undefined;
    const step = this.stepNumber(finite(entry.metadata['step']));
    const start_us = Math.max(entry.time_us - Math.round(step_s * 1e6), this.cursor_us);
    if (start_us >= entry.time_us) return;
    this.writer.step({
      step,
      start_us,
      end_us: entry.time_us,
      ...this.tokens(1),
      labels: { logged_step_s: step_s },
    });
    this.newest_step = step;
    this.cursor_us = entry.time_us;
  }

  private settle(samples: number | undefined): void {
    const { closed } = this;
    if (samples === undefined || closed === undefined) return;
    if (samples <= (closed.start_samples ?? 0)) return;
    this.closed = undefined;
    this.writeStretch(closed, closed.end_us, samples);
  }

  private writeStretch({ start_us, start_samples }: Stretch, end_us: number, samples: number): void {
    this.samples = samples;
    const { sequences } = this.writer;
    if (this.stepwise || sequences === undefined || start_samples === undefined || end_us <= start_us) return;
    const step = Math.round(samples / sequences);
    const count = step - Math.round(start_samples / sequences);
    if (count < 1) return;
    this.sink.note('steps are not logged one by one: each stretch between two marks is averaged');
    this.writer.step({ step, start_us, end_us, ...(count === 1 ? {} : { count }), ...this.tokens(count) });
  }

  private tokens(count: number): { tokens?: number } {
    const { tokensPerStep } = this.writer;
    return definedOf({ tokens: tokensPerStep === undefined ? undefined : tokensPerStep * count });
  }

  /** `metadata.step` is samples or tokens trained so far; which, the first one says. Without it steps are counted. */
  private stepNumber(position: number | undefined): number {
    const { sequences, tokensPerStep } = this.writer;
    if (position === undefined || position <= 0 || sequences === undefined) return this.newest_step + 1;
    this.step_unit ??= tokensPerStep !== undefined && position % tokensPerStep === 0 ? 'tokens' : 'samples';
    const step = position / (this.step_unit === 'tokens' ? (tokensPerStep ?? sequences) : sequences);
    return Number.isInteger(step) ? step : this.newest_step + 1;
  }

  /** Samples trained at a mark. `epoch_num` counts tokens in the GPT-3 benchmark and samples elsewhere. */
  private samplesAt({ metadata }: MllogEntry, side: 'start' | 'end'): number | undefined {
    const samples = finite(metadata['samples_count']);
    if (samples !== undefined) return samples;
    const first = finite(metadata['first_epoch_num']);
    const epoch = finite(metadata['epoch_num']) ?? (side === 'start' ? first : undefined);
    if (epoch === undefined) return undefined;
    const { tokensPerStep, sequences } = this.writer;
    const tokens = tokensPerStep !== undefined && epoch > 0 && epoch % tokensPerStep === 0;
    return tokens && sequences !== undefined ? (epoch / tokensPerStep) * sequences : epoch;
  }
}

/** The spellings of NeMo's versions and of the reference callbacks; seconds. */
function stepSecondsOf(values: Values): number | undefined {
  for (const name of ['train_step_time', 'train_step_timing', 'train_step_timing in s']) {
    const value = finite(values[name]);
    if (value !== undefined && value > 0) return value;
  }
  return undefined;
}

import type { Labels, StepPhases } from '../../../../domain/events.ts';
import type { JobFacts, LogDecoder, LogLine, LogOptions, LogSink, OpenAttempt, ToUtc } from './log-format.ts';
import { createZone } from './log-time.ts';
import { RunWriter } from './run-writer.ts';
import { StepLayout, type StepRecord } from './step-layout.ts';
import { SyntheticTime } from './synthetic-time.ts';

export interface Learned {
  readonly facts: JobFacts;
  readonly labels: Labels;
}

/** What a trainer with one progress line a step must say about its lines. */
export interface StepLineReader {
  readonly framework: string;
  /** A progress line, or undefined; `writer` knows devices and sequence length so far. */
  record(
    text: string,
    toUtc: ToUtc,
    writer: RunWriter,
  ): { readonly record: StepRecord; readonly learned: Learned } | undefined;
  /** Facts in any other line. */
  learn?(text: string): Learned | undefined;
  /** Text of a progress line that lost its end. */
  isCut(text: string): boolean;
  /** For a trainer that prints timers on lines of their own. */
  createTimers?(): StepTimers;
}

/** Timers of steps, printed beside the progress lines: right behind the line of their steps, or before it. */
export interface StepTimers {
  /** Whether the line is one of theirs. */
  take(text: string, stream: string): boolean;
  /**
   * Parts of one step, seconds, of what was printed since the last call; undefined where nothing was, or where it is not
   * of as many steps as lie between two progress lines (undefined: of a first line, which is taken to be of one).
   */
  phases(steps: number | undefined): StepPhases | undefined;
}

/** Decoder of the trainers whose progress is one line a step: its number, its time, its throughput. */
export class StepLineDecoder implements LogDecoder {
  private readonly reader: StepLineReader;
  private readonly options: LogOptions;
  private readonly sink: LogSink;
  private readonly toUtc: ToUtc;
  private readonly writer: RunWriter;
  private readonly layout: StepLayout;
  private synthetic: SyntheticTime | undefined;
  private clocked = false;
  private readonly timers: StepTimers | undefined;
  /** A progress line whose timers may still follow, and the number of the one before it. */
  private held: StepRecord | undefined;
  private last_step: number | undefined;

  constructor(reader: StepLineReader, options: LogOptions, sink: LogSink) {
    this.reader = reader;
    this.options = options;
    this.sink = sink;
    this.toUtc = createZone(options.timezone);
    this.writer = new RunWriter(options, sink, reader.framework);
    this.layout = new StepLayout(this.writer, sink);
    this.timers = reader.createTimers?.();
  }

  line({ text, number, rank, stream }: LogLine): void {
    if (this.timers?.take(text, stream) === true) return;
    this.release();
    const found = this.reader.record(text, this.toUtc, this.writer);
    if (found === undefined) {
      this.other(text, number);
      return;
    }
    this.writer.learn(found.learned.facts, found.learned.labels);
    this.hold({ ...found.record, rank });
    if (this.timers === undefined) this.release();
  }

  /** Timers that were printed before it are its own. */
  private hold(record: StepRecord): void {
    const phases_s = this.timers?.phases(this.stepsUntil(record));
    this.held = phases_s === undefined ? record : { ...record, phases_s };
  }

  private release(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    const phases_s = this.timers?.phases(this.stepsUntil(held));
    this.place(phases_s === undefined ? held : { ...held, phases_s });
    this.last_step = held.step;
  }

  private stepsUntil({ step }: StepRecord): number | undefined {
    return this.last_step === undefined || step <= this.last_step ? undefined : step - this.last_step;
  }

  private place(record: StepRecord): void {
    if (record.time_us !== undefined) this.clocked = true;
    else if (!this.clocked) this.synthetic ??= new SyntheticTime();
    if (this.synthetic === undefined) this.layout.step(record);
    else this.synthetic.add({ kind: 'step', record });
  }

  end(): OpenAttempt | undefined {
    this.release();
    this.synthetic?.play(this.layout, this.writer, this.sink, this.options.synthetic_start_us);
    this.layout.settle();
    return this.writer.finish();
  }

  private other(text: string, number: number): void {
    if (this.reader.isCut(text)) {
      this.sink.reject(number, 'cut_line', 'a progress line without its step time');
      return;
    }
    const learned = this.reader.learn?.(text);
    if (learned !== undefined) this.writer.learn(learned.facts, learned.labels);
    if (this.synthetic === undefined) this.layout.watch(text, undefined);
    else this.synthetic.add({ kind: 'text', text });
  }
}

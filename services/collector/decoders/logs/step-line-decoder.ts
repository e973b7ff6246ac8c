import type { Labels } from '../../../../domain/events.ts';
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

  constructor(reader: StepLineReader, options: LogOptions, sink: LogSink) {
    this.reader = reader;
    this.options = options;
    this.sink = sink;
    this.toUtc = createZone(options.timezone);
    this.writer = new RunWriter(options, sink, reader.framework);
    this.layout = new StepLayout(this.writer, sink);
  }

  line({ text, number, rank }: LogLine): void {
    const found = this.reader.record(text, this.toUtc, this.writer);
    if (found === undefined) {
      this.other(text, number);
      return;
    }
    this.writer.learn(found.learned.facts, found.learned.labels);
    const record = { ...found.record, rank };
    if (record.time_us !== undefined) this.clocked = true;
    else if (!this.clocked) this.synthetic ??= new SyntheticTime();
    if (this.synthetic === undefined) this.layout.step(record);
    else this.synthetic.add({ kind: 'step', record });
  }

  end(): OpenAttempt | undefined {
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

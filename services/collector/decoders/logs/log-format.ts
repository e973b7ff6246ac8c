import type { JobEvent, ModelConfig, RunEvent } from '../../../../domain/events.ts';

/** What the caller knows about the job of a log; it wins over what the log says. */
export interface LogOptions {
  readonly job: string;
  readonly devices?: number;
  readonly hardware?: string;
  /** Preset name or a published `config.json` object. */
  readonly model?: string | ModelConfig;
  readonly sequence_length?: number;
  readonly dtype?: string;
  /** Zone of times that name none: `UTC` (default), `+08:00`, or an IANA name such as `Europe/Paris`. */
  readonly timezone?: string;
  /** Where the made-up clock of a log without any time begins, microseconds since the epoch. */
  readonly synthetic_start_us?: number;
}

/** One line, without colours, carriage returns and launcher prefixes. */
export interface LogLine {
  readonly text: string;
  /** Line of the file, from 1. */
  readonly number: number;
  /** Which process wrote it, as far as a prefix says; lines of one stream are in order. */
  readonly stream: string;
  /** Set where the prefix names a rank of the job. */
  readonly rank: number | undefined;
}

export interface LogRejection {
  /** Which of several logs, from 0; undefined for a single one. */
  readonly file?: number;
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** Where a decoder puts what it finds, in the order of the log. */
export interface LogSink {
  event(event: RunEvent): void;
  /** Something a reader of the report should know once: an assumption, a thing left out. The same text is one note. */
  note(text: string): void;
  /** A line that should have been readable and was not. Ordinary noise is not rejected. */
  reject(line: number, code: string, message: string): void;
}

/** Pure and line by line, so that a file that is still written can be followed. */
export interface LogDecoder {
  line(line: LogLine): void;
  /** The log ends here. Returns the attempt that is still open, when there is one. */
  end(): OpenAttempt | undefined;
}

export interface OpenAttempt {
  readonly attempt: number;
  /** Newest time the log showed in it. */
  readonly last_us: number;
}

export interface LogFormat {
  readonly name: string;
  /** Other names it is asked for by. */
  readonly aliases?: readonly string[];
  /** 0: nothing of this format; more: how surely the line is of it. */
  score(text: string): number;
  /** Microseconds of the line if it carries a time; merges the logs of several ranks. */
  timeOf(text: string, toUtc: ToUtc): number | undefined;
  create(options: LogOptions, sink: LogSink): LogDecoder;
}

/** Turns a wall-clock reading, given as if it were UTC microseconds, into microseconds since the epoch. */
export type ToUtc = (wall_us: number) => number;

export type JobFacts = Partial<Omit<JobEvent, 'type' | 'job' | 'time_us' | 'labels'>>;

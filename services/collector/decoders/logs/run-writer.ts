import type { Labels, SpanEvent, StepEvent } from '../../../../domain/events.ts';
import { failureIn } from './failure-lines.ts';
import type { JobFacts, LogOptions, LogSink, OpenAttempt } from './log-format.ts';
import { excerpt } from './log-text.ts';

export type StepFields = Omit<StepEvent, 'type' | 'job' | 'attempt'>;
export type SpanFields = Omit<SpanEvent, 'type' | 'job' | 'attempt'>;

interface Attempt {
  readonly attempt: number;
  /** Undefined while a launch that the log does not show waits for its first step. */
  start_us: number | undefined;
  readonly devices: number | undefined;
  /** The start is held back until the devices are known or something happens, so that one event carries both. */
  written: boolean;
  last_us: number;
  steps: number;
}

interface Failure {
  readonly time_us: number;
  readonly cause: string;
  readonly weight: number;
  readonly message: string;
}

/**
 * Writes the run events of one job: attempts in order, the spec whenever it changed, a failure only once it is clear that
 * the run did not go on after it.
 */
export class RunWriter {
  private readonly options: LogOptions;
  private readonly sink: LogSink;
  private facts: JobFacts = {};
  private labels: Record<string, string | number | boolean>;
  private written = '';
  private attempts = 0;
  private open: Attempt | undefined;
  private failure: Failure | undefined;

  constructor(options: LogOptions, sink: LogSink, framework: string) {
    this.options = options;
    this.sink = sink;
    this.labels = { framework };
  }

  /** The open attempt, or undefined between attempts and before the first. */
  get attempt(): { readonly start_us: number | undefined; readonly steps: number } | undefined {
    return this.open;
  }

  get failed(): boolean {
    return this.failure !== undefined;
  }

  /** Devices of the job, as the caller or the log says. */
  get devices(): number | undefined {
    return this.options.devices ?? this.facts.device_count;
  }

  /** Whether the caller named the devices. */
  get devicesGiven(): boolean {
    return this.options.devices !== undefined;
  }

  /** Tokens of one step over all devices, as far as the log says. */
  get tokensPerStep(): number | undefined {
    if (this.facts.tokens_per_step !== undefined) return this.facts.tokens_per_step;
    const { global_batch_sequences: sequences } = this.facts;
    const length = this.sequenceLength;
    return sequences === undefined || length === undefined ? undefined : sequences * length;
  }

  get sequences(): number | undefined {
    return this.facts.global_batch_sequences;
  }

  get sequenceLength(): number | undefined {
    return this.options.sequence_length ?? this.facts.sequence_length;
  }

  /** What the log said about the job; undefined fields change nothing. */
  learn(facts: JobFacts, labels: Labels = {}): void {
    this.facts = { ...this.facts, ...definedOf(facts) };
    this.labels = { ...this.labels, ...labels };
    if (this.open?.start_us !== undefined && facts.device_count !== undefined)
      this.started(this.open.start_us);
  }

  /**
   * A new launch; `time_us` is undefined where the log does not show it, and then the first step or span begins it. One
   * that is still open ended here or before, and not cleanly.
   */
  begin(time_us: number | undefined, devices?: number): void {
    this.close(false);
    this.attempts += 1;
    const last_us = time_us ?? Number.NEGATIVE_INFINITY;
    this.open = { attempt: this.attempts, start_us: time_us, devices, written: false, last_us, steps: 0 };
  }

  /** The newest moment at which the log shows the attempt alive. */
  seen(time_us: number): void {
    if (this.open !== undefined && time_us > this.open.last_us) this.open.last_us = time_us;
  }

  step(fields: StepFields): void {
    const open = this.started(fields.start_us);
    this.writeJob(open.steps === 0 ? (open.start_us ?? fields.start_us) : fields.start_us);
    open.steps += 1;
    this.seen(fields.end_us ?? fields.start_us);
    const { labels, ...rest } = fields;
    const labelled = labels === undefined || Object.keys(labels).length === 0 ? rest : fields;
    this.sink.event({ type: 'step', ...this.within(), ...labelled });
  }

  span(fields: SpanFields): void {
    this.started(fields.start_us);
    this.seen(fields.end_us);
    this.sink.event({ type: 'span', ...this.within(), ...fields });
  }

  /** Keeps a line that tells of a death, the most telling one; it counts only if the run does not go on. */
  watch(text: string, time_us: number | undefined): void {
    const sign = failureIn(text);
    if (sign === undefined || this.open === undefined) return;
    if (this.failure !== undefined && this.failure.weight >= sign.weight) return;
    const at_us = this.failure?.time_us ?? Math.max(time_us ?? this.open.last_us, this.open.last_us);
    if (!Number.isFinite(at_us)) return;
    this.failure = {
      time_us: at_us,
      cause: sign.cause,
      weight: sign.weight,
      message: excerpt(text.trim(), 200),
    };
  }

  /** The run went on: what looked like a death was none. */
  dismissFailure(): void {
    if (this.failure === undefined) return;
    this.sink.note(`the run went on after: ${this.failure.message}`);
    this.failure = undefined;
  }

  /** The run says itself that it failed. */
  fail(time_us: number, cause: string, message: string): void {
    this.failure = { time_us, cause, weight: Number.POSITIVE_INFINITY, message };
    this.close(false);
  }

  end(time_us: number): void {
    this.seen(time_us);
    this.failure = undefined;
    this.close(true);
  }

  /** The end of the log: what was held back is written; an attempt that nobody ended stays open. */
  finish(): OpenAttempt | undefined {
    if (this.failure !== undefined) this.close(false);
    if (this.open === undefined || !Number.isFinite(this.open.last_us)) return undefined;
    const { attempt, last_us, start_us } = this.started(this.open.last_us);
    this.writeJob(start_us ?? last_us);
    return { attempt, last_us };
  }

  /** The open attempt with its start written; `time_us` is that start where the log shows no other. */
  private started(time_us: number): Attempt {
    const { open } = this;
    if (open === undefined) throw new Error('an event needs an open attempt');
    open.start_us ??= time_us;
    if (open.written) return open;
    open.written = true;
    const devices = open.devices ?? this.devices;
    const start = { type: 'attempt_start', ...this.within(), time_us: open.start_us } as const;
    this.sink.event(devices === undefined ? start : { ...start, device_count: devices });
    return open;
  }

  private close(clean: boolean): void {
    if (this.open === undefined) return;
    if (Number.isFinite(this.open.last_us)) this.writeEnd(this.started(this.open.last_us), clean);
    this.failure = undefined;
    this.open = undefined;
  }

  private writeEnd({ start_us, last_us }: Attempt, clean: boolean): void {
    this.writeJob(start_us ?? last_us);
    const { failure } = this;
    if (failure === undefined) {
      this.sink.event({ type: 'attempt_end', ...this.within(), time_us: last_us, clean });
      return;
    }
    const labels = { message: failure.message };
    this.sink.event({
      type: 'fail',
      ...this.within(),
      time_us: failure.time_us,
      cause: failure.cause,
      labels,
    });
  }

  private writeJob(time_us: number): void {
    const { devices, hardware, model, sequence_length, dtype } = this.options;
    const known = definedOf({ device_count: devices, hardware, model, sequence_length, dtype });
    const body = { ...this.facts, ...known, labels: this.labels };
    const text = JSON.stringify(body);
    if (text === this.written) return;
    this.written = text;
    this.sink.event({ type: 'job', job: this.options.job, time_us, ...body });
  }

  private within(): { readonly job: string; readonly attempt: number } {
    return { job: this.options.job, attempt: this.attempts };
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Only the fields that have a value: an absent field and an undefined one are not the same on the wire. */
export function definedOf<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

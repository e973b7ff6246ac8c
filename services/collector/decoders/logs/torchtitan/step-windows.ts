import type { Labels } from '../../../../../domain/events.ts';
import type { RunWriter } from '../run-writer.ts';
import { definedOf } from '../run-writer.ts';
import type { TorchtitanStep } from './torchtitan-line.ts';

/** A metrics line of one process, placed in time. */
interface Printed extends TorchtitanStep {
  readonly time_us: number;
  readonly rank: number | undefined;
}

/**
 * The stretches of time that the metrics lines of one process stand for, within one attempt. torchtitan prints step 1 and
 * every `log_freq`-th step; a line averages the steps since the last one. Where lines are missing (a thinned log), the
 * line still speaks for its own `log_freq` steps only, and the steps between are written as a stretch of their own,
 * labelled `unlogged`: they happened, but nobody measured them.
 */
export class StepWindows {
  private readonly writer: RunWriter;
  private last: Printed | undefined;
  private first: Printed | undefined;
  private log_freq: number | undefined;
  private tokens_per_device: number | undefined;

  constructor(writer: RunWriter) {
    this.writer = writer;
  }

  get newest(): { readonly step: number; readonly time_us: number } | undefined {
    return this.last;
  }

  /** First line of the process in its attempt; `start` is where the loop began, if the log said. */
  open(line: Printed, start: { readonly step: number; readonly time_us: number } | undefined): void {
    this.last = line;
    if (start === undefined || start.step > line.step) {
      this.first = line;
      return;
    }
    this.write(line, line.step - start.step + 1, start.time_us);
  }

  next(line: Printed): void {
    const { last } = this;
    if (last === undefined) {
      this.open(line, undefined);
      return;
    }
    const steps = line.step - last.step;
    this.settleFirst(line, steps);
    const count = this.log_freq === undefined || last.step === 1 ? steps : Math.min(steps, this.log_freq);
    if (last.step !== 1) this.log_freq = Math.min(this.log_freq ?? steps, steps);
    const start_us = this.startOf(line, count, steps, last.time_us);
    if (count < steps) this.writeUnlogged(line, steps - count, last.time_us, start_us);
    this.write(line, count, start_us);
    this.last = line;
  }

  /**
   * The attempt ends: a first line that waited for a second one is written if its length is known. False when it is
   * not: nothing says when that line's steps began.
   */
  close(): boolean {
    const { first } = this;
    this.first = undefined;
    if (first === undefined) return true;
    const count = first.step === 1 ? 1 : (this.log_freq ?? 1);
    const length = this.lengthOf(first, count);
    if (length === undefined) return false;
    this.write(first, count, first.time_us - Math.round(length));
    return true;
  }

  /** What is known of the pace: microseconds of one step, from the newest two lines. */
  private settleFirst(line: Printed, steps: number): void {
    const { first } = this;
    this.first = undefined;
    if (first === undefined) return;
    const pace = (line.time_us - first.time_us) / steps;
    if (line.tokens_per_s_per_device !== undefined)
      this.tokens_per_device ??= (line.tokens_per_s_per_device * pace) / 1e6;
    const count = first.step === 1 ? 1 : first.step % steps === 0 ? steps : 1;
    const length = this.lengthOf(first, count) ?? pace * count;
    this.write(first, count, first.time_us - Math.round(length));
  }

  /** A line after a gap reaches back as far as its own throughput says; without one, its even share of the gap. */
  private startOf(line: Printed, count: number, steps: number, last_us: number): number {
    if (count === steps) return last_us;
    const share = ((line.time_us - last_us) * count) / steps;
    const start_us = line.time_us - Math.round(this.lengthOf(line, count) ?? share);
    return start_us > last_us ? start_us : line.time_us - Math.round(share);
  }

  private lengthOf(line: Printed, count: number): number | undefined {
    const tokens = this.tokensPerDevice();
    const rate = line.tokens_per_s_per_device;
    return tokens === undefined || rate === undefined || rate <= 0
      ? undefined
      : (count * tokens * 1e6) / rate;
  }

  private tokensPerDevice(): number | undefined {
    const { tokensPerStep, devices } = this.writer;
    return tokensPerStep !== undefined && devices !== undefined
      ? tokensPerStep / devices
      : this.tokens_per_device;
  }

  private write(line: Printed, count: number, start_us: number): void {
    this.learnTokens(line, count, line.time_us - start_us);
    const labels = definedOf({
      logged_tflops: line.tflops,
      logged_mfu_ratio: line.mfu_ratio,
      logged_tokens_per_s_per_device: line.tokens_per_s_per_device,
    });
    this.writer.step({ ...this.body(line, count, start_us, line.time_us, labels), step: line.step });
  }

  private writeUnlogged(line: Printed, count: number, start_us: number, end_us: number): void {
    const body = this.body(line, count, start_us, end_us, { unlogged: true });
    this.writer.step({ ...body, step: line.step - this.countAfter(line, count) });
  }

  private countAfter(line: Printed, unlogged: number): number {
    return line.step - (this.last?.step ?? 0) - unlogged;
  }

  private body(line: Printed, count: number, start_us: number, end_us: number, labels: Labels) {
    const tokens = this.tokensOf(count);
    return {
      start_us,
      end_us,
      ...(count === 1 ? {} : { count }),
      ...(line.rank === undefined ? {} : { rank: line.rank }),
      ...(tokens === undefined ? {} : { tokens }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    };
  }

  private tokensOf(count: number): number | undefined {
    const { tokensPerStep, devices } = this.writer;
    if (tokensPerStep !== undefined) return count * tokensPerStep;
    const tokens = this.tokens_per_device;
    return tokens === undefined || devices === undefined ? undefined : Math.round(count * tokens * devices);
  }

  /** A log that names no batch still prints tokens per second: times the length of the line, they are its tokens. */
  private learnTokens(line: Printed, count: number, length_us: number): void {
    if (line.tokens_per_s_per_device === undefined || length_us <= 0) return;
    this.tokens_per_device = (line.tokens_per_s_per_device * length_us) / 1e6 / count;
  }
}

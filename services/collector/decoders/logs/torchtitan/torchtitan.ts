import type {
  LogDecoder,
  LogFormat,
  LogLine,
  LogOptions,
  LogSink,
  OpenAttempt,
  ToUtc,
} from '../log-format.ts';
import { LOG_LIMITS } from '../log-limits.ts';
import { excerpt, numberFrom } from '../log-text.ts';
import { createZone, TIMES_AS_UTC } from '../log-time.ts';
import { RunWriter } from '../run-writer.ts';
import { StepWindows } from './step-windows.ts';
import { isStepWithoutTime, recordIn, stepIn, type TorchtitanStep, validationIn } from './torchtitan-line.ts';
import { argumentsIn, chooseModel } from './torchtitan-model.ts';
import { setupIn } from './torchtitan-setup.ts';

/** Ranks without a prefix print the same message within moments of each other; a relaunch takes longer than this. */
const SAME_LAUNCH_US = 60e6;
/** The same step printed again so soon comes from another rank, not from a relaunch. */
const SAME_STEP_US = 10e6;

/**
 * torchtitan, 2024 to 2026: metrics lines with `wps` or `tps`, set-up lines, checkpoints (blocking, staged and in the
 * background), validation, completion. Source: pytorch/torchtitan train.py, trainer.py, components/metrics.py and
 * checkpoint.py over their history.
 */
export const torchtitan: LogFormat = {
  name: 'torchtitan',
  score(text) {
    if (/ - root - [A-Z]+ - (?:step:\s*\d+\s+loss:|Starting job: )/.test(text)) return 5;
    return /\[titan\] \d{4}-\d\d-\d\d .* - [A-Z]+ - /.test(text) ? 3 : 0;
  },
  timeOf: (text, toUtc) => recordIn(text, toUtc)?.time_us,
  create: (options, sink) => new TorchtitanDecoder(options, sink),
};

class TorchtitanDecoder implements LogDecoder {
  private readonly sink: LogSink;
  private readonly toUtc: ToUtc;
  private readonly writer: RunWriter;
  private windows = new Map<string, StepWindows>();
  private launched = new Set<string>();
  private loop: { step: number; time_us: number } | undefined;
  private setup_us: number | undefined;
  private loaded_step: number | undefined;
  private saving = new Map<string, number>();
  private requests = new Map<string, number>();
  private model: { name: string; text: string } | undefined;
  private gathering: string[] | undefined;

  constructor(options: LogOptions, sink: LogSink) {
    this.sink = sink;
    this.toUtc = createZone(options.timezone);
    this.writer = new RunWriter(options, sink, 'torchtitan');
    if (options.timezone === undefined) sink.note(TIMES_AS_UTC);
  }

  line(line: LogLine): void {
    if (this.gather(line.text)) return;
    const record = recordIn(line.text, this.toUtc);
    if (record === undefined) {
      if (isStepWithoutTime(line.text))
        this.sink.reject(line.number, 'no_time', `no time before: ${excerpt(line.text)}`);
      else this.writer.watch(line.text, undefined);
      return;
    }
    this.message(line, record.message, record.time_us);
    this.writer.seen(record.time_us);
  }

  end(): OpenAttempt | undefined {
    this.closeWindows();
    return this.writer.finish();
  }

  private message(line: LogLine, message: string, time_us: number): void {
    const step = stepIn(message);
    if (step !== undefined) {
      this.step(line, step, time_us);
      return;
    }
    if (/^(?:Starting job: |torchtitan version: )/.test(message)) {
      this.launch(line.stream, time_us);
      return;
    }
    if (/^Training completed/.test(message)) {
      this.complete(time_us);
      return;
    }
    const validated = validationIn(message);
    if (validated !== undefined) {
      this.validated(line.stream, validated, time_us);
      return;
    }
    if (this.checkpoint(line.stream, message, time_us)) return;
    this.learn(message, time_us);
    this.writer.watch(message, time_us);
  }

  private step(line: LogLine, step: TorchtitanStep, time_us: number): void {
    const printed = { ...step, time_us, rank: line.rank };
    const windows = this.windows.get(line.stream);
    const newest = windows?.newest;
    if (newest !== undefined && step.step <= newest.step) {
      if (Math.abs(time_us - newest.time_us) <= SAME_STEP_US) {
        this.sink.note('ranks without a prefix print each step: taken once');
        return;
      }
      this.relaunch(undefined);
    }
    if (this.writer.failed) this.dismissOrRelaunch(step.step, newest?.step);
    const current = this.windows.get(line.stream);
    if (current !== undefined) {
      current.next(printed);
      return;
    }
    const opened = new StepWindows(this.writer);
    this.windows.set(line.stream, opened);
    const start = this.loopStart(step.step);
    if (this.writer.attempt === undefined) this.writer.begin(start?.time_us);
    opened.open(printed, start);
  }

  /** Where the training loop began: `Training starts at step`, else the last set-up line before the first step. */
  private loopStart(step: number): { step: number; time_us: number } | undefined {
    if (this.loop !== undefined) return this.loop;
    if (this.setup_us === undefined) return undefined;
    if (step === 1) return { step: 1, time_us: this.setup_us };
    return this.loaded_step === undefined
      ? undefined
      : { step: this.loaded_step + 1, time_us: this.setup_us };
  }

  private dismissOrRelaunch(step: number, newest: number | undefined): void {
    if (newest === undefined || step > newest) this.writer.dismissFailure();
    else this.relaunch(undefined);
  }

  private launch(stream: string, time_us: number): void {
    if (!this.isSameLaunch(stream, time_us)) this.relaunch(time_us);
    this.launched.add(stream);
  }

  /** Every rank says that it starts. A rank that has not said so yet, or one without a name before the loop began, joins. */
  private isSameLaunch(stream: string, time_us: number): boolean {
    const start_us = this.writer.attempt?.start_us;
    if (start_us === undefined || this.writer.failed) return false;
    const apart_us = Math.abs(time_us - start_us);
    if (stream !== '' && !this.launched.has(stream)) return apart_us <= SAME_LAUNCH_US;
    const began = this.windows.size > 0 || this.loop !== undefined;
    return !began && apart_us <= (stream === '' ? SAME_LAUNCH_US : SAME_STEP_US);
  }

  /** A new attempt; without a launch line its start is where its first step begins, as far as the log shows. */
  private relaunch(launched_us: number | undefined): void {
    this.closeWindows();
    this.windows = new Map();
    this.launched = new Set();
    this.saving = new Map();
    this.requests = new Map();
    this.loop = undefined;
    this.loaded_step = undefined;
    this.setup_us = launched_us;
    this.writer.begin(launched_us);
  }

  private complete(time_us: number): void {
    if (this.writer.attempt === undefined) return;
    this.closeWindows();
    this.writer.end(time_us);
    this.loop = undefined;
    this.setup_us = undefined;
    this.loaded_step = undefined;
  }

  /** The line comes when the validation is done; it began after the last step before it. */
  private validated(stream: string, step: number, time_us: number): void {
    const newest = this.windows.get(stream)?.newest;
    if (newest === undefined || this.writer.attempt === undefined) return;
    if (newest.step !== step) {
      this.sink.note('a validation between two metrics lines has no known start: left in its steps');
      return;
    }
    this.writer.span({ kind: 'custom', name: 'eval', start_us: newest.time_us, end_us: time_us });
  }

  private checkpoint(stream: string, message: string, time_us: number): boolean {
    const loading = /^Loading the checkpoint(?: at step (\d+)| from .*step-(\d+))?/.exec(message);
    if (loading !== null) {
      const step = loading[1] ?? loading[2];
      if (step !== undefined) this.loaded_step = Number(step);
      return true;
    }
    if (/^(?:Saving|Staging) the checkpoint\b/.test(message)) {
      this.saving.set(stream, time_us);
      return true;
    }
    return this.checkpointDone(stream, message, time_us) || this.background(message, time_us);
  }

  /** `Finished loading the checkpoint in 11.31 seconds.`, `Finished saving ... enabled)in 0.02 seconds.`, `... completed in 49.69s`. */
  private checkpointDone(stream: string, message: string, time_us: number): boolean {
    const done =
      /^Finished (loading|saving|staging) the checkpoint.*?in ([\d.]+) seconds/.exec(message) ??
      /^(Last step) checkpoint completed in ([\d.]+)s/.exec(message);
    if (done === null) return false;
    if (this.writer.attempt === undefined) return true;
    const taken_us = Math.round(Number(done[2]) * 1e6);
    if (done[1] === 'loading') {
      this.writer.span({ kind: 'ckpt_restore', start_us: time_us - taken_us, end_us: time_us });
      this.setup_us = time_us;
      return true;
    }
    const start_us = this.saving.get(stream) ?? time_us - taken_us;
    this.saving.delete(stream);
    this.writer.span({ kind: 'ckpt_save', start_us, end_us: time_us });
    return true;
  }

  /** The background process of an asynchronous save: from its request to durable; it costs the training nothing. */
  private background(message: string, time_us: number): boolean {
    const request = /^Received async checkpoint request with id=(\S+)/.exec(message);
    if (request?.[1] !== undefined) {
      if (!this.requests.has(request[1])) this.requests.set(request[1], time_us);
      return true;
    }
    const durable = /^Submitted checkpoint save request for checkpoint_id=.*?checkpoint_id='([^']+)'/.exec(
      message,
    );
    if (durable?.[1] === undefined) return false;
    const start_us = this.requests.get(durable[1]);
    this.requests.delete(durable[1]);
    if (start_us !== undefined && this.writer.attempt !== undefined)
      this.writer.span({ kind: 'ckpt_save', name: 'write', start_us, end_us: time_us, blocking: false });
    return true;
  }

  private learn(message: string, time_us: number): void {
    const starts = /^Training starts at step (\d+)/.exec(message);
    if (starts !== null) this.loop ??= { step: Number(starts[1]), time_us };
    const setup = setupIn(message);
    if (setup !== undefined) this.writer.learn(setup.facts, setup.labels);
    this.learnModel(message);
    if (this.windows.size === 0) this.setup_us = time_us;
  }

  private learnModel(message: string): void {
    const building = /^Building (\S+) (\S+?) ?(?:with )?((?:\{|[\w.]+\().*)?$/.exec(message);
    if (building !== null && !/device mesh|sentencepiece/.test(message)) {
      this.model = { name: `${building[1]} ${building[2]}`, text: building[3] ?? '' };
      if (building[3] === '{') this.gathering = ['{'];
    }
    const size = /^Model (.+?) size: ([\d,]+) total parameters/.exec(message);
    const parameters = numberFrom(size?.[2]);
    if (size?.[1] === undefined || parameters === undefined) return;
    const { model, note } = chooseModel(size[1], argumentsIn(this.model?.text ?? ''), parameters);
    if (note !== undefined) this.sink.note(note);
    this.writer.learn(model === undefined ? {} : { model }, {
      logged_model: size[1],
      logged_parameters: parameters,
    });
  }

  /** Lines of a model configuration printed as an indented JSON object, up to its closing brace. */
  private gather(text: string): boolean {
    const { gathering } = this;
    if (gathering === undefined) return false;
    if (recordIn(text, this.toUtc) !== undefined || gathering.length > LOG_LIMITS.message_lines_max) {
      this.gathering = undefined;
      return false;
    }
    gathering.push(text);
    if (text !== '}') return true;
    if (this.model !== undefined) this.model = { ...this.model, text: gathering.join('\n') };
    this.gathering = undefined;
    return true;
  }

  private closeWindows(): void {
    if (this.writer.attempt === undefined) return;
    for (const windows of this.windows.values()) {
      if (!windows.close())
        this.sink.note('a metrics line alone in its launch, whose steps have no known start, is left out');
    }
  }
}

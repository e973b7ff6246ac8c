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
const SAVED = /^(?:Saved checkpoint|Saving async checkpoint)\tIteration: (\d+)/;
const WRITTEN = /^Saved async checkpoint\tIteration: (\d+)/;
const THROUGHPUT = /\t(Job|Cumulative) throughput: ([\d.]+) TFLOP\/s\/GPU/g;
const TOKENS = /\tTokens \(in billions\): ([\d.]+)/;

/**
 * `progress.txt` of Megatron-LM with `--log-progress` (training.py `append_to_progress_log`, 2024-2026): when jobs started
 * and what was saved. Between two saves the steps are told as one mean, the blocking part of a save included. When the
 * steps after a start began is not told: their line counts from the start on and says so (`startup_included`), so that
 * the ledger takes as stepping only what such steps take elsewhere. With `--async-save` a step is done when its save
 * begins (`Saving async checkpoint`), and `Saved async checkpoint` says when it was written, beside training.
 */
export const megatronProgress: LogFormat = {
  name: 'megatron-progress',
  score: (text) => (LINE.test(text) ? 5 : 0),
  timeOf: (text, toUtc) => (LINE.test(text) ? timeIn(text, toUtc) : undefined),
  create: (options, sink) => new ProgressDecoder(options, sink),
};

const MEANS =
  'progress.txt tells of checkpoints only: steps are means between them, saves included, and what came after the last one of a job is not told';
const STARTS =
  'when the steps after a start began is not told: as many as were done count what they take between later saves (none where no job of that size has two), and the rest is start-up';

const ELSEWHERE =
  'a job went on from a checkpoint that is not in progress.txt: how many steps it did until its first save is not told';
/**
 * FLOPs of a job over those of the whole run, against its share of the steps. The job's clock runs from the launch of its
 * processes, a little before its first line here, so the share comes out low, but not by half.
 */
const OWN_SHARE_MIN = 0.5;

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
  private devices = 0;
  /** The newest save of the open attempt. */
  private last: Save | undefined;
  private readonly saves: Save[] = [];
  /** Saves that are being written beside training, by step. */
  private readonly writing = new Map<number, number>();

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
    this.devices = devices;
    this.writing.clear();
    this.last = undefined;
  }

  private saved(what: string, time_us: number): void {
    const written = Number(WRITTEN.exec(what)?.[1] ?? Number.NaN);
    const begun_us = this.writing.get(written);
    if (begun_us !== undefined) {
      this.writing.delete(written);
      const span = { kind: 'ckpt_save', start_us: begun_us, end_us: time_us, blocking: false } as const;
      this.writer.span({ ...span, step: written });
      return;
    }
    const step = Number(SAVED.exec(what)?.[1] ?? written);
    if (!Number.isSafeInteger(step)) return;
    const tokens = numberFrom(TOKENS.exec(what)?.[1]);
    const save = { step, time_us, tokens };
    // the last save of a run may be told by its end alone
    if (this.writer.attempt !== undefined) {
      this.write(save, what);
      if (what.startsWith('Saving')) this.writing.set(step, time_us);
    }
    this.last = save;
    this.saves.push(save);
  }

  private write(save: Save, what: string): void {
    const before = this.last ?? this.loadedFor(save.step);
    const start_us = this.last?.time_us ?? this.started_us ?? save.time_us;
    const count = this.countOf(save, before, what, start_us);
    if (count <= 0 || save.time_us <= start_us) return;
    const labels: Record<string, Labels[string]> = { mean_of: 'checkpoint interval' };
    if (this.last === undefined) {
      labels['unlogged'] = true;
      labels['startup_included'] = true;
    }
    for (const [, name, value] of what.matchAll(THROUGHPUT))
      labels[`logged_${name === 'Job' ? 'job' : 'cumulative'}_tflops`] = Number(value);
    const tokens =
      save.tokens === undefined || before?.tokens === undefined || save.tokens <= before.tokens
        ? undefined
        : Math.round((save.tokens - before.tokens) * 1e9);
    this.sink.note(MEANS);
    if (this.last === undefined) this.sink.note(STARTS);
    this.writer.step({
      step: save.step,
      start_us,
      end_us: save.time_us,
      ...definedOf({ count: count === 1 ? undefined : count, tokens }),
      labels,
    });
  }

  /** The save that an attempt went on from: the newest one, or where its own first one is not beyond it, the one before. */
  private loadedFor(step: number): Save | undefined {
    const newest = this.saves.at(-1);
    if (newest === undefined || newest.step < step) return newest;
    let loaded: Save | undefined;
    for (const save of this.saves) if (save.step < step && save.step > (loaded?.step ?? 0)) loaded = save;
    return loaded;
  }

  /** Steps up to a save; one where the line's own FLOPs say that its job did far fewer than the saves before leave. */
  private countOf(save: Save, before: Save | undefined, what: string, start_us: number): number {
    const count = save.step - (before?.step ?? 0);
    const rate = /\tJob throughput: ([\d.]+) TFLOP/.exec(what)?.[1];
    const total = Number(/\tFloating-point operations: ([\d.e+]+)/.exec(what)?.[1] ?? Number.NaN);
    if (this.last !== undefined || rate === undefined || !(total > 0) || save.step === 0) return count;
    const own = Number(rate) * 1e12 * this.devices * ((save.time_us - start_us) / 1e6);
    if (own / total >= OWN_SHARE_MIN * (count / save.step)) return count;
    this.sink.note(ELSEWHERE);
    return 1;
  }
}

import { presetNames } from '../../../../../domain/model-config.ts';
import type {
  JobFacts,
  LogDecoder,
  LogFormat,
  LogLine,
  LogOptions,
  LogSink,
  OpenAttempt,
} from '../log-format.ts';
import { definedOf, RunWriter } from '../run-writer.ts';
import { finite, isRecord, type MllogEntry, mllogIn } from './mllog-line.ts';
import { platformFrom } from './platform.ts';
import { TrainingProgress } from './training-progress.ts';

/** Presets of the language-model benchmarks, the first that exists. LoRA is not among them: most of its weight gradients are never computed. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  gpt3: ['gpt3-175b'],
  llama31_405b: ['llama3.1-405b'],
  llama31_8b: ['llama3.1-8b', 'llama3-8b'],
};
/** The benchmark's own packing, which its log does not print. Source: mlcommons/training llama2_70b_lora README. */
const LORA_SEQUENCE_LENGTH = 8192;

/** MLPerf training results: `:::MLLOG` lines, which carry the whole timeline of a run in milliseconds since the epoch. */
export const mlperf: LogFormat = {
  name: 'mlperf',
  aliases: ['mllog'],
  score: (text) => (text.includes(':::MLLOG') ? 10 : 0),
  timeOf(text) {
    const result = mllogIn(text);
    return result?.ok === true ? result.entry.time_us : undefined;
  },
  create: (options, sink) => new MlperfDecoder(options, sink),
};

class MlperfDecoder implements LogDecoder {
  private readonly options: LogOptions;
  private readonly sink: LogSink;
  private readonly writer: RunWriter;
  private progress: TrainingProgress;
  private init_us: number | undefined;
  private run_us: number | undefined;
  private eval_us: number | undefined;
  private platform: string | undefined;
  private ranks = 0;

  constructor(options: LogOptions, sink: LogSink) {
    this.options = options;
    this.sink = sink;
    this.writer = new RunWriter(options, sink, 'mlperf');
    this.progress = new TrainingProgress(this.writer, sink);
  }

  line({ text, number }: LogLine): void {
    const result = mllogIn(text);
    if (result === undefined) {
      this.writer.watch(text, undefined);
      return;
    }
    if (result.ok) this.entry(result.entry);
    else this.sink.reject(number, 'bad_mllog', result.message);
  }

  end(): OpenAttempt | undefined {
    return this.writer.finish();
  }

  private entry(entry: MllogEntry): void {
    const { key, time_us } = entry;
    if (key === 'init_start') {
      this.initStart(time_us);
      return;
    }
    if (key === 'init_stop') {
      this.initStop(time_us);
      return;
    }
    if (key === 'run_start') {
      this.runStart(entry);
      return;
    }
    if (key === 'run_stop') {
      this.runStop(entry);
      return;
    }
    if (this.run_us === undefined) {
      this.learn(entry);
      return;
    }
    if (key === 'eval_start') {
      this.evalStart(entry);
      return;
    }
    if (key === 'eval_stop') {
      this.evalStop(entry);
      return;
    }
    if (key === 'block_start') {
      this.progress.open(entry);
      return;
    }
    if (key === 'block_stop') {
      this.progress.close(entry);
      return;
    }
    if (key === 'tracked_stats' && isRecord(entry.value)) {
      this.progress.stats(entry, entry.value);
      return;
    }
    if (key === 'train_loss') {
      this.progress.point(entry);
      return;
    }
    if (key === 'eval_accuracy') {
      this.progress.position(entry);
      return;
    }
    undefined;
  }

  /** Every rank says it; the first begins the attempt. A new one while the run goes on, or after it, is a relaunch. */
  private initStart(time_us: number): void {
    if (this.writer.attempt === undefined || this.run_us !== undefined) {
      this.reset();
      this.writer.begin(time_us);
      this.init_us = time_us;
    }
    this.init_us = Math.min(this.init_us ?? time_us, time_us);
    this.ranks += 1;
  }

  private reset(): void {
    this.progress = new TrainingProgress(this.writer, this.sink);
    this.run_us = undefined;
    this.eval_us = undefined;
    this.ranks = 0;
  }

  private initStop(time_us: number): void {
    if (this.init_us === undefined || this.run_us !== undefined || this.writer.attempt === undefined) return;
    this.learnPlatform();
    this.writer.span({ kind: 'init', start_us: this.init_us, end_us: time_us });
    this.init_us = undefined;
  }

  private runStart(entry: MllogEntry): void {
    if (this.run_us !== undefined) return;
    if (this.writer.attempt === undefined) this.writer.begin(entry.time_us);
    this.learnPlatform();
    this.run_us = entry.time_us;
    this.progress.open(entry);
  }

  private runStop(entry: MllogEntry): void {
    if (this.run_us === undefined || this.writer.attempt === undefined) return;
    this.progress.close(entry);
    const status = entry.metadata['status'];
    if (status === undefined || status === 'success') this.writer.end(entry.time_us);
    else this.writer.fail(entry.time_us, String(status), `run_stop with status ${String(status)}`);
    this.run_us = undefined;
  }

  private evalStart(entry: MllogEntry): void {
    if (this.eval_us !== undefined) return;
    this.progress.close(entry);
    this.eval_us = entry.time_us;
  }

  /** Some logs lack the start: where every step is logged, the evaluation began when the last of them ended. */
  private evalStop(entry: MllogEntry): void {
    const start_us = this.eval_us ?? this.progress.lastStepEnd;
    if (start_us === undefined || start_us >= entry.time_us) return;
    this.writer.span({ kind: 'custom', name: 'eval', start_us, end_us: entry.time_us });
    this.eval_us = undefined;
    this.progress.open(entry);
  }

  private learn({ key, value }: MllogEntry): void {
    if (key === 'submission_platform' && typeof value === 'string') this.platform = value;
    if (key === 'submission_benchmark' && typeof value === 'string') {
      this.learnBenchmark(value);
      return;
    }
    if (key === 'submission_org' && typeof value === 'string') {
      this.writer.learn({}, { submitter: value });
      return;
    }
    const number = finite(value);
    if (number === undefined) return;
    const facts: JobFacts | undefined =
      key === 'global_batch_size'
        ? { global_batch_sequences: number }
        : key === 'max_sequence_length' || key === 'sequence_length'
          ? { sequence_length: number }
          : undefined;
    if (facts !== undefined) this.writer.learn(facts);
  }

  private learnBenchmark(benchmark: string): void {
    const model = MODELS[benchmark]?.find((name) => presetNames().includes(name));
    const sequence_length = benchmark === 'llama2_70b_lora' ? LORA_SEQUENCE_LENGTH : undefined;
    this.writer.learn(definedOf({ model, sequence_length }), { benchmark });
    if (model === undefined && this.options.model === undefined)
      this.sink.note(`no model for benchmark ${benchmark}: give --model to have MFU`);
  }

  private learnPlatform(): void {
    if (this.platform === undefined) return;
    const { devices, hardware, note } = platformFrom(this.platform, this.ranks);
    if (note !== undefined && this.options.devices === undefined) this.sink.note(note);
    this.writer.learn(definedOf({ device_count: devices, hardware }), { platform: this.platform });
    this.platform = undefined;
  }
}

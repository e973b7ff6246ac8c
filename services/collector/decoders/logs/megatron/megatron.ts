import type { Labels } from '../../../../../domain/events.ts';
import { type DeepSpeedTimers, deepSpeedTimersIn, phasesOfDeepSpeed } from '../deepspeed-timers.ts';
import type {
  LogDecoder,
  LogFormat,
  LogLine,
  LogOptions,
  LogSink,
  OpenAttempt,
  ToUtc,
} from '../log-format.ts';
import { excerpt } from '../log-text.ts';
import { createZone, TIMES_AS_UTC, timeIn } from '../log-time.ts';
import { definedOf, RunWriter } from '../run-writer.ts';
import { StepLayout, type StepRecord } from '../step-layout.ts';
import { SyntheticTime } from '../synthetic-time.ts';
import { dialectOf, fieldOf, type IterationLine, iterationIn, stepSecondsOf } from './iteration-line.ts';
import { argumentIn, factsFrom, worldIn } from './megatron-arguments.ts';
import { type StragglerLine, stragglerLineIn } from './straggler-line.ts';
import { phasesOfTimers, RankedTimers, type Timers, timersIn } from './timers.ts';

/** `[after dataloaders are built] datetime: 2024-09-03 15:52:43`. */
const MILESTONE = /^\[([^\]]+)\] datetime: /;
const TIMER = /^\s+(save-checkpoint|evaluate) \.*: ?\((?:[\d.]+), ([\d.]+)\)/;

/**
 * Megatron-LM and its forks: Megatron-DeepSpeed (bigscience prints seconds, Argonne `name=value`, Microsoft milliseconds
 * and TFLOPs) and Primus (pairs `current/average`). Sources: training.py `training_log` and timers.py of the forks.
 */
export const megatron: LogFormat = {
  name: 'megatron',
  aliases: ['megatron-lm', 'megatron-deepspeed', 'megatron-bridge', 'primus'],
  score(text) {
    if (!text.includes('iteration')) return 0;
    const line = iterationIn(text);
    return line !== undefined && stepSecondsOf(line) !== undefined ? 5 : 0;
  },
  timeOf: (text, toUtc) =>
    iterationIn(text) === undefined && !MILESTONE.test(text) ? undefined : timeIn(text, toUtc),
  create: (options, sink) => new MegatronDecoder(options, sink),
};

class MegatronDecoder implements LogDecoder {
  private readonly options: LogOptions;
  private readonly sink: LogSink;
  private readonly toUtc: ToUtc;
  private readonly writer: RunWriter;
  private readonly layout: StepLayout;
  private synthetic: SyntheticTime | undefined;
  private args = new Map<string, string>();
  private clocked = false;
  /** A step whose timers may follow it, and those that did. */
  private pending: StepRecord | undefined;
  private timers: Timers = new Map();
  private ranked = new RankedTimers();
  private straggler: StragglerLine | undefined;
  /** What DeepSpeed printed before the iteration that it is of, one a step. */
  private deepspeed: DeepSpeedTimers[] = [];

  constructor(options: LogOptions, sink: LogSink) {
    this.options = options;
    this.sink = sink;
    this.toUtc = createZone(options.timezone);
    this.writer = new RunWriter(options, sink, 'megatron');
    this.layout = new StepLayout(this.writer, sink);
  }

  line({ text, number, rank }: LogLine): void {
    const iteration = text.includes('iteration') ? iterationIn(text) : undefined;
    if (iteration !== undefined) this.iteration(iteration, text, number, rank);
    else this.other(text);
  }

  end(): OpenAttempt | undefined {
    this.flush();
    this.synthetic?.play(this.layout, this.writer, this.sink, this.options.synthetic_start_us);
    this.layout.settle();
    return this.writer.finish();
  }

  private iteration(line: IterationLine, text: string, number: number, rank: number | undefined): void {
    this.flush();
    const step_s = stepSecondsOf(line);
    if (step_s === undefined) {
      this.sink.reject(
        number,
        'no_step_time',
        `an iteration without its time (a cut line?): ${excerpt(text)}`,
      );
      return;
    }
    const time_us = timeIn(text.slice(0, text.indexOf('iteration')), this.toUtc);
    if (!this.clocked && time_us === undefined) this.synthetic ??= new SyntheticTime();
    if (time_us !== undefined) this.clocked = true;
    if (time_us !== undefined && this.options.timezone === undefined) this.sink.note(TIMES_AS_UTC);
    this.learnFrom(line);
    const record = this.recordOf(line, step_s, time_us, rank, /:\d\d[.,]\d/.test(text.slice(0, 80)));
    const phases_s = phasesOfDeepSpeed(this.deepspeed);
    this.deepspeed = [];
    this.pending = phases_s === undefined ? record : { ...record, phases_s };
  }

  /** The step goes on once no timer of it can follow. */
  private flush(): void {
    const { pending } = this;
    if (pending === undefined) return;
    const record = this.withTimers(pending);
    this.pending = undefined;
    this.timers = new Map();
    this.ranked = new RankedTimers();
    this.straggler = undefined;
    if (this.synthetic === undefined) this.layout.step(record);
    else this.synthetic.add({ kind: 'step', record });
  }

  private withTimers(pending: StepRecord): StepRecord {
    const { straggler } = this;
    const told = phasesOfTimers(this.timers) ?? pending.phases_s;
    const data_s = told?.io === undefined ? straggler?.data_s : undefined;
    const phases_s = data_s === undefined ? told : { ...told, io: data_s };
    const ranks_s = this.ranked.phases();
    return {
      ...pending,
      phases_s,
      ...(ranks_s.length === 0 ? {} : { ranks_s }),
      labels: { ...pending.labels, ...straggler?.labels },
    };
  }

  /** Whether the line tells more of the step before it: timers, in one of their layouts, or the straggler line. */
  private isTimers(text: string): boolean {
    if (this.ranked.take(text) || /^\s*$/.test(text)) return true;
    const straggler = stragglerLineIn(text);
    if (straggler !== undefined) {
      this.straggler = straggler;
      return true;
    }
    const found = timersIn(text);
    for (const [name, timer] of found) this.timers.set(name, timer);
    return found.size > 0;
  }

  private recordOf(
    line: IterationLine,
    step_s: number,
    time_us: number | undefined,
    rank: number | undefined,
    fraction: boolean,
  ): StepRecord {
    const sequences = fieldOf(line, 'global batch size');
    const length = this.sequenceLengthOf(line);
    return {
      step: line.iteration,
      total: line.total,
      step_s,
      time_us,
      resolution_us: fraction ? 20_000 : 1_000_000,
      consumed_samples: fieldOf(line, 'consumed samples'),
      sequences,
      tokens_per_step: sequences === undefined || length === undefined ? undefined : sequences * length,
      tflops: tflopsOf(line),
      rank,
      labels: labelsOf(line),
    };
  }

  /** `actual seqlen` where it is printed; else tokens consumed over samples consumed, when that is a whole number. */
  private sequenceLengthOf(line: IterationLine): number | undefined {
    const known =
      this.options.sequence_length ?? fieldOf(line, 'actual seqlen') ?? this.writer.sequenceLength;
    if (known !== undefined) return known;
    const tokens = fieldOf(line, 'consumed tokens');
    const samples = fieldOf(line, 'consumed samples');
    const length = tokens === undefined || samples === undefined ? Number.NaN : tokens / samples;
    return Number.isInteger(length) ? length : undefined;
  }

  private learnFrom(line: IterationLine): void {
    const { framework, dialect } = dialectOf(line);
    const sequence_length = this.sequenceLengthOf(line);
    const sequences = fieldOf(line, 'global batch size');
    const batch = sequences === undefined ? undefined : Math.max(sequences, this.writer.sequences ?? 0);
    const device_count = this.writer.devices ?? devicesOf(line, sequence_length);
    this.writer.learn(
      definedOf({ sequence_length, global_batch_sequences: batch, device_count }),
      definedOf({ framework, dialect }),
    );
  }

  private other(text: string): void {
    if (this.pending !== undefined && this.isTimers(text)) return;
    this.flush();
    const deepspeed = deepSpeedTimersIn(text);
    if (deepspeed !== undefined) {
      this.deepspeed.push(deepspeed);
      return;
    }
    const argument = argumentIn(text);
    if (argument !== undefined) {
      this.args.set(...argument);
      return;
    }
    if (/-{3,} arguments -{3,}/.test(text)) {
      this.launch();
      return;
    }
    if (/-{3,} end of arguments -{3,}/.test(text)) {
      this.learnArguments();
      return;
    }
    const vocabulary = /> padded vocab \(size: \d+\) with \d+ dummy tokens \(new size: (\d+)\)/.exec(text);
    if (vocabulary?.[1] !== undefined) {
      this.args.set('padded_vocab_size', vocabulary[1]);
      this.learnArguments();
      return;
    }
    const world = worldIn(text);
    if (world !== undefined) {
      this.writer.learn(world);
      return;
    }
    const timer = TIMER.exec(text);
    if (timer !== null) {
      this.timed(timer[1] === 'evaluate', Number(timer[2]) / 1000);
      return;
    }
    const milestone = MILESTONE.exec(text);
    const time_us = milestone === null ? undefined : timeIn(text, this.toUtc);
    if (time_us !== undefined) {
      this.milestone(milestone?.[1] ?? '', time_us);
      return;
    }
    if (this.synthetic === undefined) this.layout.watch(text, undefined);
    else this.synthetic.add({ kind: 'text', text });
  }

  private launch(): void {
    this.args = new Map();
    if (this.synthetic === undefined) this.layout.launch();
    else this.synthetic.add({ kind: 'launch' });
  }

  private learnArguments(): void {
    this.writer.learn(factsFrom(this.args));
    this.layout.setInterval(Number(this.args.get('log_interval')) || undefined);
  }

  private timed(evaluation: boolean, length_s: number): void {
    const what = evaluation ? 'custom' : 'ckpt_save';
    const name = evaluation ? 'eval' : undefined;
    if (this.synthetic === undefined) this.layout.after(what, length_s, name);
    else this.synthetic.add({ kind: 'after', what, length_s, name });
  }

  private milestone(name: string, time_us: number): void {
    this.clocked = true;
    if (/^(?:after training is done|exiting program)/.test(name)) {
      this.layout.end(time_us);
      return;
    }
    const { attempt } = this.writer;
    const first = attempt === undefined || attempt.steps > 0;
    if (first && !this.layout.isLaunching) this.layout.launch(time_us);
    else this.layout.time(time_us);
  }
}

/** Microsoft's and bigscience's forks print hardware FLOPs as `TFLOPs`; Argonne prints both countings. */
function tflopsOf(line: IterationLine): number | undefined {
  return fieldOf(line, 'throughput per gpu (tflop/s/gpu)', 'tflops', '[lm]tflops', '[lm]-tflops');
}

function labelsOf(line: IterationLine): Labels {
  return definedOf({
    logged_tflops: tflopsOf(line),
    logged_tflops_deepspeed: fieldOf(line, '[ds]tflops', '[ds]-tflops'),
    logged_tokens_per_s_per_device: tokensPerDeviceOf(line),
    logged_samples_per_s: fieldOf(line, 'samples per second'),
  });
}

function tokensPerDeviceOf(line: IterationLine): number | undefined {
  return fieldOf(
    line,
    'tokens per gpu per second tgs',
    'tokens per gpu per second (tgs)',
    'tokens per gpu (tokens/s/gpu)',
    'tokens/sec/gpu',
  );
}

/** Samples per second x sequence length over tokens per second and device, where both are printed and it comes out whole. */
function devicesOf(line: IterationLine, sequence_length: number | undefined): number | undefined {
  const samples = fieldOf(line, 'samples per second');
  const tokens = tokensPerDeviceOf(line);
  if (samples === undefined || tokens === undefined || sequence_length === undefined) return undefined;
  const exact = (samples * sequence_length) / tokens;
  const devices = Math.round(exact);
  return devices >= 1 && Math.abs(exact - devices) < devices * 1e-3 ? devices : undefined;
}

import type { RunEvent } from '../domain/events.ts';
import type { Beat, Failure, Slowdown } from './beat.ts';
import type { SimulatorConfig } from './config.ts';
import type { Fleet } from './fleet.ts';
import type { Random } from './random.ts';
import {
  attemptReports,
  failReport,
  fellOffTheBus,
  jobReport,
  nodeState,
  slowNetwork,
  stepPhases,
  tokensPerStep,
} from './reports.ts';

/** A checkpoint of `step` that is being written behind the training. */
interface Write {
  readonly step: number;
  readonly start_us: number;
  readonly end_us: number;
}

type SpanName = 'init' | 'ckpt_save' | 'ckpt_restore';

const SPAN_ACTIVITY = { init: 'launching', ckpt_save: 'saving', ckpt_restore: 'restoring' } as const;

/**
 * A training loop that lives through what a scenario does to it, one beat after the other. It reports as a real one
 * would: rank 0 tells the start of each step and then its end, the launcher tells attempts and failures.
 */
export class TrainingRun {
  readonly config: SimulatorConfig;
  readonly fleet: Fleet;
  readonly #random: Random;
  #now_us: number;
  #attempt = 0;
  #step = 0;
  /** The step a restart resumes after. */
  #saved_step = 0;
  /** Does not count before it ends: a failure meanwhile goes back to the checkpoint before. */
  #write: Write | undefined;

  constructor(config: SimulatorConfig, fleet: Fleet, random: Random, start_us: number) {
    this.config = config;
    this.fleet = fleet;
    this.#random = random;
    this.#now_us = start_us;
  }

  get now_us(): number {
    return this.#now_us;
  }

  /** Steps that a failure now would lose, beside the one in flight. */
  get stepsAtRisk(): number {
    return this.#step - this.#saved_step;
  }

  /** Starts an attempt: processes, communicators, on a restart the checkpoint, then the slow first step. */
  *launch(): Generator<Beat> {
    this.#attempt++;
    this.#step = this.#saved_step;
    this.#write = undefined;
    const at_us = this.#now_us;
    const reports = attemptReports(this.config.job, this.#attempt, this.fleet, at_us);
    if (this.#attempt === 1) reports.unshift(jobReport(this.config, this.fleet, at_us));
    yield this.#pass(this.config.launch_s, {
      activity: 'launching',
      account: { kind: 'bucket', bucket: 'startup' },
      events: reports.map((event) => ({ at_us, event })),
    });
    yield this.#span('init', this.config.init_s);
    if (this.#attempt > 1) yield this.#span('ckpt_restore', this.config.restore_s);
    yield this.#wholeStep({ extra_s: this.config.first_step_extra_s });
  }

  /** Steps, with a checkpoint where one is due, until `until_us` has passed. */
  *train(until_us: number, slowdown?: Slowdown): Generator<Beat> {
    let first = slowdown?.cause === 'network' ? [slowNetwork(slowdown.node, this.#now_us)] : [];
    while (this.#now_us < until_us) {
      if (this.#saveIsDue()) yield this.#save();
      const beat = this.#wholeStep({ slowdown });
      const told = first.map((event) => ({ at_us: beat.from_us, event }));
      first = [];
      yield { ...beat, events: [...told, ...beat.events] };
    }
  }

  /** A step begins and never ends: `after_s` into it nothing moves for `hang_s`. A failing device is gone from there. */
  *hang(after_s: number, hang_s: number, { device }: Failure): Generator<Beat> {
    const step = this.#step + 1;
    const account = { kind: 'step', attempt: this.#attempt, step, completed: false } as const;
    const events = [{ at_us: this.#now_us, event: this.#stepStart(step, this.#now_us) }];
    yield this.#pass(after_s, { activity: 'training', account, events });
    const at_us = this.#now_us;
    const fault =
      device === undefined
        ? { events: [] }
        : {
            events: [{ at_us, event: fellOffTheBus(device, at_us) }],
            lost: device,
            xid: { device, code: 79 },
          };
    yield this.#pass(hang_s, { activity: 'hanging', account, ...fault });
  }

  /** The attempt ends; the repair ladder is climbed until a new one can be launched. */
  *fail(failure: Failure): Generator<Beat> {
    const { job, detect_s, localize_s, wait_nodes_s, relaunch_s } = this.config;
    const at_us = this.#now_us;
    const detected = this.#rung('down_detect', detect_s, 'detect', 'unhealthy', failure);
    const reported = { at_us, event: failReport(job, this.#attempt, failure, at_us) };
    yield { ...detected, failure, events: [reported, ...detected.events] };
    yield this.#rung('down_localize', localize_s, 'localized', 'repairing', failure);
    yield this.#rung('down_wait_nodes', wait_nodes_s, 'nodes_ready', 'healthy', failure);
    yield this.#pass(relaunch_s, {
      activity: 'down',
      account: { kind: 'bucket', bucket: 'down' },
      events: [],
    });
  }

  #rung(
    bucket: string,
    seconds: number,
    kind: 'detect' | 'localized' | 'nodes_ready',
    state: 'unhealthy' | 'repairing' | 'healthy',
    { device }: Failure,
  ): Beat {
    const beat = this.#pass(seconds, {
      activity: 'down',
      account: { kind: 'bucket', bucket },
      events: [],
      ...(device === undefined ? {} : { lost: device }),
    });
    const at_us = beat.to_us;
    const reached: RunEvent[] = [{ type: 'mark', job: this.config.job, kind, time_us: at_us }];
    if (device !== undefined) reached.push(nodeState(device.node, state, at_us));
    return { ...beat, events: reached.map((event) => ({ at_us, event })) };
  }

  /** A step from its start to its end, told twice as a live recorder tells it. */
  #wholeStep({ extra_s = 0, slowdown }: { extra_s?: number; slowdown?: Slowdown | undefined }): Beat {
    const { config } = this;
    const usual_s = config.step_s * (1 + config.step_jitter_ratio * this.#random.normal());
    const usual_us = this.#us(usual_s);
    this.#step++;
    const beat = this.#pass(usual_s * (slowdown?.ratio ?? 1) + extra_s, {
      activity: 'training',
      account: { kind: 'step', attempt: this.#attempt, step: this.#step, completed: true },
      events: [],
      ...(slowdown === undefined ? {} : { slowdown }),
    });
    const start = this.#stepStart(this.#step, beat.from_us);
    const end: RunEvent = {
      ...start,
      end_us: beat.to_us,
      tokens: tokensPerStep(config),
      phases_us: stepPhases(beat.to_us - beat.from_us, usual_us, slowdown),
    };
    const told = [start, end, ...this.#writeFinished()];
    return {
      ...beat,
      events: told.map((event, index) => ({ at_us: index === 0 ? beat.from_us : beat.to_us, event })),
    };
  }

  #stepStart(step: number, start_us: number) {
    return { type: 'step', job: this.config.job, attempt: this.#attempt, step, rank: 0, start_us } as const;
  }

  #saveIsDue(): boolean {
    const due = this.#step % this.config.checkpoint_every_steps === 0 && this.#step > this.#saved_step;
    return due && this.#write === undefined;
  }

  /** Training waits while the state is copied; the write goes on behind it. */
  #save(): Beat {
    const beat = this.#span('ckpt_save', this.config.checkpoint_blocking_s);
    const end_us = beat.to_us + this.#us(this.config.checkpoint_async_s);
    this.#write = { step: this.#step, start_us: beat.to_us, end_us };
    return beat;
  }

  #writeFinished(): RunEvent[] {
    if (this.#write === undefined || this.#write.end_us > this.#now_us) return [];
    const { step, ...times } = this.#write;
    this.#write = undefined;
    this.#saved_step = step;
    return [{ ...this.#spanStart('ckpt_save'), name: 'write', ...times, blocking: false }];
  }

  #span(kind: SpanName, seconds: number): Beat {
    const account = { kind: 'bucket', bucket: kind } as const;
    const beat = this.#pass(seconds, { activity: SPAN_ACTIVITY[kind], account, events: [] });
    const event = { ...this.#spanStart(kind), start_us: beat.from_us, end_us: beat.to_us };
    return { ...beat, events: [{ at_us: beat.to_us, event }] };
  }

  #spanStart(kind: SpanName) {
    return { type: 'span', job: this.config.job, attempt: this.#attempt, kind } as const;
  }

  /** Lets time pass. */
  #pass(seconds: number, beat: Omit<Beat, 'from_us' | 'to_us'>): Beat {
    const from_us = this.#now_us;
    this.#now_us += this.#us(seconds);
    return { ...beat, from_us, to_us: this.#now_us };
  }

  #us(seconds: number): number {
    return Math.round((seconds * 1e6) / this.config.speed);
  }
}

import type { Labels, StepPhases } from '../../../../domain/events.ts';
import type { LogSink } from './log-format.ts';
import { definedOf, type RunWriter } from './run-writer.ts';
import { WorldSize } from './world-size.ts';

/** A progress line that prints the mean time of the steps since the one before it. */
export interface StepRecord {
  readonly step: number;
  readonly step_s: number;
  /** Planned steps of the run; a change with samples going back means the line is of another run. */
  readonly total?: number | undefined;
  /** When it was printed; undefined in logs without times. */
  readonly time_us?: number | undefined;
  /** How exact the printed time is, microseconds. */
  readonly resolution_us?: number | undefined;
  readonly consumed_samples?: number | undefined;
  /** Sequences of one step over all devices. */
  readonly sequences?: number | undefined;
  readonly tokens_per_step?: number | undefined;
  readonly tflops?: number | undefined;
  readonly rank?: number | undefined;
  /** Parts of one step, seconds, where the trainer printed timers. */
  readonly phases_s?: StepPhases | undefined;
  /** The same, rank by rank, where they were printed so. */
  readonly ranks_s?: readonly { readonly rank: number; readonly phases_s: StepPhases }[] | undefined;
  readonly labels: Labels;
}

/**
 * Places progress lines in time and cuts them into attempts. A line covers `count` steps and ends when it was printed;
 * printed times that are coarser than the steps are smoothed by letting a step begin where the one before it ended.
 */
export class StepLayout {
  private readonly writer: RunWriter;
  private readonly sink: LogSink;
  private readonly world: WorldSize;
  private interval: number | undefined;
  private last: StepRecord | undefined;
  /** A first line, and what followed it, until a second line says how many steps it averages. */
  private waiting: StepRecord | undefined;
  private followers: (() => void)[] = [];
  private launching: { time_us: number | undefined } | undefined;
  /** Where the next step may begin at the earliest. */
  private cursor_us: number | undefined;

  constructor(writer: RunWriter, sink: LogSink, world = new WorldSize()) {
    this.writer = writer;
    this.sink = sink;
    this.world = world;
  }

  /** Steps a line averages, where the log or the look over it says so. */
  setInterval(interval: number | undefined): void {
    if (interval !== undefined) this.interval = interval;
  }

  startAt(time_us: number): void {
    this.cursor_us ??= time_us;
  }

  /** A new launch was seen; its time may follow with `time`. */
  launch(time_us?: number): void {
    this.settle();
    if (this.launching?.time_us !== undefined) this.writer.begin(this.launching.time_us);
    this.launching = { time_us };
    if (time_us !== undefined) this.cursor_us = Math.max(this.cursor_us ?? time_us, time_us);
    this.last = undefined;
  }

  get isLaunching(): boolean {
    return this.launching !== undefined;
  }

  /** A line with a time that is no step: the first one of a launch is where it shows first, the last where steps begin. */
  time(time_us: number): void {
    if (this.launching === undefined) {
      this.writer.seen(time_us);
      return;
    }
    this.launching.time_us ??= time_us;
    this.cursor_us = Math.max(this.cursor_us ?? time_us, time_us);
  }

  watch(text: string, time_us: number | undefined): void {
    if (this.launching?.time_us !== undefined) {
      this.writer.begin(this.launching.time_us);
      this.launching = undefined;
    }
    this.writer.watch(text, time_us);
  }

  step(record: StepRecord): void {
    if (this.isDuplicate(record)) {
      this.sink.note('the same step printed by several ranks: taken once');
      return;
    }
    if (this.launching !== undefined || this.writer.attempt === undefined || this.isRelaunch(record))
      this.begin(record);
    if (this.last !== undefined) this.settleWith(record.step - this.last.step);
    else if (this.interval === undefined && record.step > 1) {
      this.waiting = record;
      this.last = record;
      return;
    }
    this.place(record);
    this.last = record;
  }

  /** Blocking work that followed the last step and whose length was printed. */
  after(kind: 'ckpt_save' | 'custom', length_s: number, name?: string): void {
    if (this.waiting !== undefined) {
      this.followers.push(() => this.after(kind, length_s, name));
      return;
    }
    if (this.cursor_us === undefined || this.writer.attempt === undefined) return;
    const start_us = this.cursor_us;
    this.cursor_us = start_us + Math.round(length_s * 1e6);
    this.writer.span({ kind, start_us, end_us: this.cursor_us, ...(name === undefined ? {} : { name }) });
  }

  end(time_us: number | undefined): void {
    this.settle();
    if (this.writer.attempt === undefined) return;
    this.writer.end(time_us ?? this.cursor_us ?? Number.NEGATIVE_INFINITY);
    this.last = undefined;
  }

  /** No further line will come for the one that waits: it stands for what is known, at least itself. */
  settle(): void {
    this.placeWaiting(this.interval ?? 1);
  }

  private begin(record: StepRecord): void {
    this.settle();
    this.writer.begin(this.launching?.time_us, this.impliedDevices(record));
    this.launching = undefined;
    this.last = undefined;
  }

  /** Devices of a launch that its lines show to differ from the job's. What the caller said is not overruled, only doubted. */
  private impliedDevices(record: StepRecord): number | undefined {
    const devices = this.world.devicesOf(record, this.writer.devices);
    if (devices === undefined || !this.writer.devicesGiven) return devices;
    this.sink.note(
      `from step ${record.step} on, the printed TFLOP/s are those of ${devices} devices, not of ${this.writer.devices}`,
    );
    return undefined;
  }

  /** Printed again by another rank: the very same numbers, or the same step while it has hardly ended. */
  private isDuplicate(record: StepRecord): boolean {
    const { last } = this;
    if (last === undefined || this.launching !== undefined || last.step !== record.step) return false;
    if (last.step_s === record.step_s) return true;
    if (record.time_us === undefined || last.time_us === undefined) return false;
    return record.rank !== last.rank && record.time_us - last.time_us < record.step_s * 1e6;
  }

  private isRelaunch(record: StepRecord): boolean {
    const { last } = this;
    if (last === undefined) return false;
    const steps = record.step - last.step;
    if (steps <= 0) return true;
    const follows = this.interval === undefined || steps <= this.interval;
    if (!this.writer.failed) return !follows && this.world.changed(last, record);
    if (!follows) return true;
    this.writer.dismissFailure();
    return false;
  }

  /** `steps` between two lines: the first time it says what a line averages, and frees a line that waited for it. */
  private settleWith(steps: number): void {
    this.placeWaiting(this.interval ?? steps);
    if (this.last !== undefined && this.last.step !== 1)
      this.interval = Math.min(this.interval ?? steps, steps);
  }

  private placeWaiting(interval: number): void {
    const { waiting, followers } = this;
    if (waiting === undefined) return;
    this.waiting = undefined;
    this.followers = [];
    this.place(waiting, waiting.step % interval === 0 ? interval : 1);
    for (const follow of followers) follow();
  }

  private place(record: StepRecord, count = this.countOf(record)): void {
    const length_us = Math.round(count * record.step_s * 1e6);
    const start_us = this.startOf(record, length_us);
    this.writeUnlogged(record, count, start_us);
    const end_us = start_us + length_us;
    const tokens = record.tokens_per_step;
    const [first, ...others] = record.ranks_s ?? [];
    this.writer.step({
      step: record.step,
      start_us,
      end_us,
      ...(count === 1 ? {} : { count }),
      ...definedOf({
        rank: first?.rank ?? record.rank,
        tokens: tokens === undefined ? undefined : tokens * count,
      }),
      ...phasesOf(first ?? record, count),
      labels:
        (first ?? record).phases_s === undefined
          ? record.labels
          : { ...record.labels, phase_source: 'timers' },
    });
    for (const { rank, phases_s } of others) {
      this.writer.step({
        step: record.step,
        start_us,
        end_us,
        ...(count === 1 ? {} : { count }),
        rank,
        ...phasesOf({ phases_s }, count),
        labels: { phase_source: 'timers' },
      });
    }
    this.cursor_us = end_us;
  }

  private countOf(record: StepRecord): number {
    const steps = this.last === undefined ? undefined : record.step - this.last.step;
    if (this.interval === undefined) return steps ?? 1;
    return Math.max(1, Math.min(steps ?? record.step, this.interval));
  }

  private startOf(record: StepRecord, length_us: number): number {
    const earliest = this.cursor_us;
    if (record.time_us === undefined) return earliest ?? 0;
    const start_us = record.time_us - length_us;
    if (earliest === undefined) return start_us;
    const near = Math.abs(start_us - earliest) <= (record.resolution_us ?? 0);
    return near ? earliest : Math.max(start_us, earliest);
  }

  /** Steps whose lines are missing took place between the last line and this one; only a real clock can say so. */
  private writeUnlogged(record: StepRecord, count: number, end_us: number): void {
    const { last, cursor_us } = this;
    if (last === undefined || last === record || record.time_us === undefined || cursor_us === undefined)
      return;
    const missing = record.step - count - last.step;
    if (missing <= 0 || end_us <= cursor_us) return;
    const tokens = record.tokens_per_step;
    this.writer.step({
      step: record.step - count,
      start_us: cursor_us,
      end_us,
      count: missing,
      ...definedOf({ tokens: tokens === undefined ? undefined : tokens * missing }),
      labels: { unlogged: true },
    });
  }
}

/** Of the whole line, as its start and end are; a negative part is a contradiction of the timers and is not told. */
function phasesOf(
  { phases_s }: Pick<StepRecord, 'phases_s'>,
  count: number,
): { readonly phases_us?: StepPhases } {
  if (phases_s === undefined) return {};
  const told = Object.entries(phases_s).filter(([, s]) => s >= 0);
  return { phases_us: Object.fromEntries(told.map(([name, s]) => [name, Math.round(s * count * 1e6)])) };
}

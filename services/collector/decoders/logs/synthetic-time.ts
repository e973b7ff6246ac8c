import type { LogSink } from './log-format.ts';
import type { RunWriter } from './run-writer.ts';
import type { StepLayout, StepRecord } from './step-layout.ts';

/** Where the made-up clock begins unless the caller says otherwise: 2000-01-01T00:00:00Z, plainly no real run. */
export const SYNTHETIC_START_US = 946_684_800_000_000;

type Entry =
  | { readonly kind: 'step'; readonly record: StepRecord }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'launch' }
  | {
      readonly kind: 'after';
      readonly what: 'ckpt_save' | 'custom';
      readonly length_s: number;
      readonly name: string | undefined;
    };

/**
 * A log without any time: its lines are kept and laid end to end, so that step times are right and no down time is made
 * up. Lines of another run (other planned steps, samples gone back) are put in the order of their samples.
 */
export class SyntheticTime {
  private runs: Entry[][] = [[]];
  private newest: StepRecord | undefined;

  add(entry: Entry): void {
    if (entry.kind === 'step') {
      if (this.newest !== undefined && isOtherRun(this.newest, entry.record)) this.runs.push([]);
      this.newest = entry.record;
    }
    this.runs.at(-1)?.push(entry);
  }

  play(layout: StepLayout, writer: RunWriter, sink: LogSink, start_us = SYNTHETIC_START_US): void {
    if (this.newest === undefined) return;
    writer.learn({}, { time_source: 'synthetic' });
    sink.note(
      'the log carries no time: steps are laid end to end on a made-up clock (time_source synthetic)',
    );
    layout.setInterval(this.interval());
    layout.startAt(start_us);
    const ordered = [...this.runs].sort((a, b) => firstSamples(a) - firstSamples(b));
    if (ordered.length > 1)
      sink.note(`${ordered.length} runs of differing planned length: put in the order of their samples`);
    for (const [index, run] of ordered.entries()) {
      if (index > 0) layout.launch();
      for (const entry of run) playEntry(layout, entry);
    }
    layout.settle();
  }

  /** What a line averages: the smallest distance between neighbours; 1 for lines that stand alone. */
  private interval(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const run of this.runs) {
      let last: number | undefined;
      for (const entry of run) {
        if (entry.kind !== 'step') continue;
        const steps = entry.record.step - (last ?? Number.POSITIVE_INFINITY);
        if (steps > 0 && last !== 1) least = Math.min(least, steps);
        last = entry.record.step;
      }
    }
    return Number.isFinite(least) && this.isMultiple(least) ? least : 1;
  }

  /** Lines come at multiples of the interval; where they do not, the distance was a gap. */
  private isMultiple(interval: number): boolean {
    return this.runs
      .flat()
      .every(
        (entry) => entry.kind !== 'step' || entry.record.step <= 1 || entry.record.step % interval === 0,
      );
  }
}

function playEntry(layout: StepLayout, entry: Entry): void {
  if (entry.kind === 'step') layout.step(entry.record);
  else if (entry.kind === 'text') layout.watch(entry.text, undefined);
  else if (entry.kind === 'launch') layout.launch();
  else layout.after(entry.what, entry.length_s, entry.name);
}

function isOtherRun(before: StepRecord, after: StepRecord): boolean {
  if (before.total === undefined || after.total === undefined || before.total === after.total) return false;
  return after.step < before.step && (after.consumed_samples ?? 0) < (before.consumed_samples ?? 0);
}

function firstSamples(run: readonly Entry[]): number {
  for (const entry of run)
    if (entry.kind === 'step') return entry.record.consumed_samples ?? entry.record.step;
  return Number.NEGATIVE_INFINITY;
}

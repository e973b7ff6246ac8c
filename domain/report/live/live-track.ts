import type { KeptTrack } from '../kept-track.ts';
import { baselineOf } from '../learned-baseline.ts';
import { recentRates } from '../live-rates.ts';
import { NewestTimes } from '../step-deviation.ts';
import type { KeptStep } from '../throughput.ts';
import type { KeptFigures } from './kept-figures.ts';
import type { KeptDefaults, KeptRows } from './kept-rows.ts';
import type { NewStep } from './open-figures.ts';

/** The sealed rows of a job, and which of them are of training and measured. */
export interface SealedSteps {
  readonly rows: KeptRows;
  readonly length: number;
  readonly isMeasured: (row: number) => boolean;
  readonly defaults: KeptDefaults;
  /** Seconds of the newest ones, the newest first, as many as are ever looked back over; undefined where lines of several steps are among them. */
  readonly newestTimes: () => Float64Array | undefined;
}

/** Kept steps of a job: sealed ones as columns, those behind them in hand. */
export class LiveTrack implements KeptTrack {
  readonly #sealed: SealedSteps;
  readonly #newest: readonly NewStep[];
  readonly #figures: KeptFigures;
  readonly #changed_at_us: number | undefined;

  constructor(
    sealed: SealedSteps,
    newest: readonly NewStep[],
    figures: KeptFigures,
    changed_at_us: number | undefined,
  ) {
    this.#sealed = sealed;
    this.#newest = newest;
    this.#figures = figures;
    this.#changed_at_us = changed_at_us;
  }

  work: KeptTrack['work'] = () => this.#figures.work();

  newest: KeptTrack['newest'] = (steps_min) => {
    const known = this.#newestOf.get(steps_min);
    if (known !== undefined) return known;
    const steps: KeptStep[] = [];
    let seen = 0;
    for (let index = this.#newest.length - 1; index >= 0 && seen < steps_min; index--) {
      const newest = this.#newest[index];
      if (newest?.isMeasured !== true) continue;
      steps.push(newest.step);
      seen += newest.step.count;
    }
    const { rows, length, isMeasured, defaults } = this.#sealed;
    for (let row = length - 1; row >= 0 && seen < steps_min; row--) {
      if (!isMeasured(row)) continue;
      steps.push(rows.keptStep(row, defaults));
      seen += rows.count(row);
    }
    steps.reverse();
    this.#newestOf.set(steps_min, steps);
    return steps;
  };
  readonly #newestOf = new Map<number, readonly KeptStep[]>();

  since: KeptTrack['since'] = (time_us) => {
    const kept: KeptStep[] = [];
    const measured: KeptStep[] = [];
    const { rows, length, isMeasured, defaults } = this.#sealed;
    let row = length;
    while (row > 0 && rows.stretch(row - 1).from_us >= time_us) row--;
    for (; row < length; row++) {
      if (!rows.isTrain(row)) continue;
      const step = rows.keptStep(row, defaults);
      kept.push(step);
      if (isMeasured(row)) measured.push(step);
    }
    for (const { step, isMeasured: isOne } of this.#newest) {
      if (step.start_us < time_us) continue;
      kept.push(step);
      if (isOne) measured.push(step);
    }
    return { kept, measured };
  };

  deviation: KeptTrack['deviation'] = () => {
    const times = new NewestTimes();
    for (let index = this.#newest.length - 1; index >= 0 && !times.isFull; index--) {
      const newest = this.#newest[index];
      if (newest?.isMeasured === true) times.push(newest.step.step_s, newest.step.count);
    }
    const { rows, length, isMeasured, newestTimes } = this.#sealed;
    const each = newestTimes();
    if (each !== undefined) {
      times.pushEach(each);
      return times.deviation();
    }
    for (let row = length - 1; row >= 0 && !times.isFull; row--) {
      if (isMeasured(row)) times.push(rows.stepSeconds(row), rows.count(row));
    }
    return times.deviation();
  };

  rates: KeptTrack['rates'] = (options) => {
    const { recent, isPresent } = this.#ofPresent(options.window_steps);
    if (recent.length === 0) return null;
    return recentRates(recent, (devices, speed) => {
      return this.#figures.speeds(devices, isPresent)?.[speed].best()?.value ?? null;
    });
  };

  /** Without phases nothing is known of computing alone. */
  scaling: KeptTrack['scaling'] = () => null;

  baseline: KeptTrack['baseline'] = (options) => {
    const { recent, isPresent } = this.#ofPresent(options.window_steps);
    const devices = recent.at(-1)?.devices;
    // before the first step of the present specification it teaches nothing
    if (devices === undefined || (this.#changed_at_us !== undefined && !isPresent)) return null;
    const best = this.#figures.speeds(devices, isPresent)?.device.best();
    return best === undefined || best === null ? null : baselineOf(best, devices);
  };

  /** The newest steps of the present specification; of all, as long as it has none. */
  #ofPresent(steps_min: number): { readonly recent: readonly KeptStep[]; readonly isPresent: boolean } {
    const newest = this.newest(steps_min);
    const since_us = this.#changed_at_us;
    if (since_us === undefined) return { recent: newest, isPresent: false };
    const recent = newest.filter(({ start_us }) => start_us >= since_us);
    return recent.length === 0 ? { recent: newest, isPresent: false } : { recent, isPresent: true };
  }
}

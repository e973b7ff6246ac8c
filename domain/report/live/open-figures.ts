import type { KeptStep } from '../throughput.ts';
import { type FigureScope, KeptFigures } from './kept-figures.ts';

/** A kept train step of the open stretch. */
export interface NewStep {
  readonly step: KeptStep;
  readonly isMeasured: boolean;
}

/**
 * Figures of all kept steps, sealed ones and those behind them. Most steps of the open stretch are told once: figures are
 * carried on over those that were the same at the look before, and begin again at the sealed ones where one differs.
 */
export class OpenFigures {
  readonly #sealed: KeptFigures;
  /** Figures of the sealed steps and of these behind them; undefined where there are none. */
  #ahead: KeptFigures | undefined;
  #aheadSteps: NewStep[] = [];
  /** The open stretch that is known to begin with those. */
  #checked: readonly NewStep[] | undefined;

  constructor(scope: FigureScope) {
    this.#sealed = new KeptFigures(scope);
  }

  /** A step is sealed: the next one behind those that are. */
  seal(step: KeptStep, isMeasured: boolean): void {
    const known = this.#aheadSteps[0];
    const isAhead = known !== undefined && isSame(known, { step, isMeasured });
    this.#sealed.push(step, isMeasured);
    this.#checked = undefined;
    if (isAhead) this.#aheadSteps.shift();
    else this.#beginAgain();
  }

  /** Carries the figures on over the first so many steps of the open stretch, which are not expected to change. */
  carryOn(newest: readonly NewStep[], count: number): void {
    if (!this.#goesOnWith(newest)) this.#beginAgain();
    this.#checked = newest;
    this.#ahead ??= this.#sealed.clone();
    for (let index = this.#aheadSteps.length; index < count; index++) {
      const next = newest[index];
      if (next === undefined) return;
      this.#ahead.push(next.step, next.isMeasured);
      this.#aheadSteps.push(next);
    }
  }

  /** Figures of the sealed steps and the first so many of the open stretch. */
  of(newest: readonly NewStep[], count: number): KeptFigures {
    const isAhead = this.#aheadSteps.length <= count && this.#goesOnWith(newest);
    const known = isAhead ? this.#ahead : undefined;
    const figures = (known ?? this.#sealed).clone();
    for (let index = known === undefined ? 0 : this.#aheadSteps.length; index < count; index++) {
      const next = newest[index];
      if (next !== undefined) figures.push(next.step, next.isMeasured);
    }
    return figures;
  }

  #goesOnWith(newest: readonly NewStep[]): boolean {
    if (this.#checked === newest) return true;
    const { length } = this.#aheadSteps;
    for (let index = 0; index < length; index++) {
      const [step, other] = [this.#aheadSteps[index], newest[index]];
      if (step === undefined || other === undefined || !isSame(step, other)) return false;
    }
    this.#checked = newest;
    return true;
  }

  #beginAgain(): void {
    this.#ahead = undefined;
    this.#aheadSteps = [];
    this.#checked = undefined;
  }
}

function isSame(a: NewStep, b: NewStep): boolean {
  if (a === b) return true;
  const [one, other] = [a.step, b.step];
  return (
    a.isMeasured === b.isMeasured &&
    one.start_us === other.start_us &&
    one.end_us === other.end_us &&
    one.step_s === other.step_s &&
    one.count === other.count &&
    one.tokens === other.tokens &&
    one.devices === other.devices &&
    one.step === other.step &&
    one.attempt === other.attempt
  );
}

import type { ResolvedSpec } from './job-spec.ts';
import { SustainedWindows } from './sustained.ts';
import type { KeptStep } from './throughput.ts';

export interface IdealLimits {
  /** Consecutive steps of a window, whose median is one candidate for the normal. */
  readonly window_steps: number;
  /** Steps that must be measured before anything is called normal. */
  readonly steps_min: number;
  /** Batch sizes that are told apart as specifications of their own; beyond, time is learned per token. */
  readonly batch_sizes_max: number;
}

/** The same look-back as the live rates of the analyzer. */
export const IDEAL_DEFAULTS: IdealLimits = { window_steps: 20, steps_min: 20, batch_sizes_max: 16 };

/** What one step of a specification takes when nothing is wrong. */
export interface IdealStep {
  readonly devices: number | null;
  /** Tokens of the step, where batch sizes are told apart; null otherwise. */
  readonly tokens: number | null;
  readonly ideal_step_s: number;
  /** `operator`: `ideal_step_s` of the `job` event; `learned`: the best sustained window. */
  readonly source: 'operator' | 'learned';
  /** Measured steps it was learned from, or that it is held against. */
  readonly steps: number;
}

export interface Ideals {
  readonly list: readonly IdealStep[];
  /** Says what they are: ideals with equal keys are equal. */
  readonly key: string;
  /** The ideal of a step, seconds; undefined where nothing is known. */
  of(step: IdealKey): number | undefined;
  /** Names the group of steps that are compared with each other. */
  groupOf(step: IdealKey): string;
}

/** `ideal_step_s` is the operator's word, seconds. */
export interface SpecWithIdeal {
  readonly event: ResolvedSpec['event'] & { readonly ideal_step_s?: number | undefined };
  readonly devices: number | null;
}

export type IdealKey = Pick<KeptStep, 'devices' | 'tokens' | 'start_us'>;

/**
 * The ideal step time of every specification a job ran with: same `job` specification, devices and batch. The operator's
 * word goes first, for the device count the specification names; else it is learned, from steps that no span or exclusion
 * cut short where there are enough of them.
 *
 * @param measured kept train steps, oldest first
 * @param changed_at_us since when the run is of the present specification
 */
export function idealSteps(
  measured: readonly KeptStep[],
  spec: SpecWithIdeal,
  changed_at_us: number | undefined,
  limits: IdealLimits = IDEAL_DEFAULTS,
): Ideals {
  const sizes = new Set<number>();
  for (const { tokens } of measured) {
    if (tokens !== undefined) sizes.add(tokens);
    if (sizes.size > limits.batch_sizes_max) break;
  }
  const isPerToken = sizes.size > limits.batch_sizes_max;
  const learning = new IdealLearning({ spec, changed_at_us, isPerToken }, limits);
  for (const step of measured) learning.push(step);
  return learning.ideals();
}

export interface IdealScope {
  readonly spec: SpecWithIdeal;
  readonly changed_at_us: number | undefined;
  /** Whether time is learned per token. */
  readonly isPerToken: boolean;
}

/** Steps that are compared with each other. */
interface Group {
  readonly first: KeptStep;
  count: number;
  /** All of them, and those that nothing cut short. */
  readonly timed: SustainedWindows;
  readonly whole: SustainedWindows;
  whole_count: number;
  /** Of each step, where time is learned per token. */
  readonly tokens: number[];
}

/** Learns the ideals of steps that come one by one, oldest first. */
export class IdealLearning {
  readonly #scope: IdealScope;
  readonly #limits: IdealLimits;
  readonly #groups = new Map<string, Group>();

  constructor(scope: IdealScope, limits: IdealLimits = IDEAL_DEFAULTS) {
    this.#scope = scope;
    this.#limits = limits;
  }

  push(step: KeptStep): void {
    const group = this.#groupFor(step);
    group.count += step.count;
    if (this.#scope.isPerToken) group.tokens.push(step.tokens ?? 0);
    const scale = scaleOf(step, this.#scope);
    if (step.step_s <= 0 || scale <= 0) return;
    group.timed.push(step, step.step_s / scale);
    if (!isWhole(step)) return;
    group.whole.push(step, step.step_s / scale);
    group.whole_count += step.count;
  }

  /** Mostly that of the step before. */
  #groupFor(step: KeptStep): Group {
    const [last, of] = [this.#last, this.#lastGroup];
    const isKnown = last !== undefined && this.#scope.changed_at_us === undefined && isAlike(last, step);
    if (isKnown && of !== undefined) return of;
    const key = groupOf(step, this.#scope);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const { window_steps, steps_min } = this.#limits;
      const options = { window_steps, steps_min, best: 'lowest' } as const;
      const [timed, whole] = [new SustainedWindows(options), new SustainedWindows(options)];
      group = { first: step, count: 0, timed, whole, whole_count: 0, tokens: [] };
      this.#groups.set(key, group);
    }
    this.#last = step;
    this.#lastGroup = group;
    return group;
  }
  #last: KeptStep | undefined;
  #lastGroup: Group | undefined;

  /** As far as they are known now. */
  ideals(): Ideals {
    const { spec, isPerToken } = this.#scope;
    const given = spec.event.ideal_step_s;
    const list: IdealStep[] = [];
    const keys: string[] = [];
    const figures = new Map<string, (step: IdealKey) => number | undefined>();
    for (const [key, group] of this.#groups) {
      const { first, count } = group;
      const known = { devices: first.devices ?? null, tokens: isPerToken ? null : (first.tokens ?? null) };
      const isTheirs =
        key.startsWith('now') && (spec.devices === null || (first.devices ?? spec.devices) === spec.devices);
      if (given !== undefined && isTheirs) {
        keys.push(`${key} ${given}`);
        figures.set(key, () => given);
        list.push({ ...known, ideal_step_s: given, source: 'operator', steps: count });
        continue;
      }
      const learned = this.#learned(group);
      if (learned === null) continue;
      keys.push(`${key} ${learned}`);
      const usual = isPerToken ? medianTokens(group.tokens) : 1;
      figures.set(key, (step) => {
        const scale = scaleOf(step, this.#scope);
        return scale > 0 ? learned * scale : undefined;
      });
      list.push({ ...known, ideal_step_s: learned * usual, source: 'learned', steps: count });
    }
    const keyOf = (step: IdealKey) => groupOf(step, this.#scope);
    const [only] = figures.values();
    const [first] = this.#groups.keys();
    // one group of steps is the rule: whose step is not of it is of none
    const isOne = this.#groups.size === 1 && only !== undefined && this.#scope.changed_at_us === undefined;
    let last: IdealKey | undefined;
    const isOfFirst = (step: IdealKey) => {
      if (last !== undefined && isAlike(last, step)) return true;
      const isIt = keyOf(step) === first;
      if (isIt) last = step;
      return isIt;
    };
    const of = (step: IdealKey) => {
      if (isOne) return isOfFirst(step) ? only(step) : undefined;
      return figures.get(keyOf(step))?.(step);
    };
    return { list, key: keys.join('\n'), groupOf: keyOf, of };
  }

  #learned({ timed, whole, whole_count }: Group): number | null {
    return (whole_count >= this.#limits.steps_min ? whole : timed).best()?.value ?? null;
  }

  /** Another one that goes on from here. */
  clone(): IdealLearning {
    const learning = new IdealLearning(this.#scope, this.#limits);
    for (const [key, group] of this.#groups) {
      const { timed, whole, tokens } = group;
      const copy = { ...group, timed: timed.clone(), whole: whole.clone(), tokens: [...tokens] };
      learning.#groups.set(key, copy);
    }
    return learning;
  }
}

/** Whether two steps of one specification are of one group. */
function isAlike(a: IdealKey, b: IdealKey): boolean {
  return a.devices === b.devices && a.tokens === b.tokens;
}

function groupOf({ start_us, devices, tokens }: IdealKey, { changed_at_us, isPerToken }: IdealScope): string {
  const age = changed_at_us !== undefined && start_us < changed_at_us ? 'before' : 'now';
  return `${age} ${devices ?? ''} ${isPerToken ? '' : (tokens ?? '')}`;
}

function scaleOf({ tokens }: IdealKey, { isPerToken }: IdealScope): number {
  return isPerToken ? (tokens ?? 0) : 1;
}

/** A step that a span or an exclusion reaches into shows only the rest of its time. */
function isWhole({ step_s, count, start_us, end_us }: KeptStep): boolean {
  return Math.abs(step_s * count * 1e6 - (end_us - start_us)) < 1;
}

function medianTokens(tokens: readonly number[]): number {
  const sorted = [...tokens].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

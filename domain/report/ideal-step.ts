import type { ResolvedSpec } from './job-spec.ts';
import { bestSustained } from './sustained.ts';
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
  { event, devices }: SpecWithIdeal,
  changed_at_us: number | undefined,
  limits: IdealLimits = IDEAL_DEFAULTS,
): Ideals {
  const sizes = new Set<number>();
  for (const { tokens } of measured) {
    if (tokens !== undefined) sizes.add(tokens);
    if (sizes.size > limits.batch_sizes_max) break;
  }
  const isPerToken = sizes.size > limits.batch_sizes_max;
  const groupOf = (step: IdealKey) => {
    const age = changed_at_us !== undefined && step.start_us < changed_at_us ? 'before' : 'now';
    return `${age} ${step.devices ?? ''} ${isPerToken ? '' : (step.tokens ?? '')}`;
  };
  const groups = new Map<string, KeptStep[]>();
  for (const step of measured) {
    const known = groups.get(groupOf(step));
    if (known === undefined) groups.set(groupOf(step), [step]);
    else known.push(step);
  }
  const given = event.ideal_step_s;
  const list: IdealStep[] = [];
  const figures = new Map<string, (step: IdealKey) => number | undefined>();
  for (const [group, steps] of groups) {
    const first = steps[0];
    if (first === undefined) continue;
    const count = steps.reduce((sum, step) => sum + step.count, 0);
    const known = { devices: first.devices ?? null, tokens: isPerToken ? null : (first.tokens ?? null) };
    const isTheirs = group.startsWith('now') && (devices === null || (first.devices ?? devices) === devices);
    if (given !== undefined && isTheirs) {
      figures.set(group, () => given);
      list.push({ ...known, ideal_step_s: given, source: 'operator', steps: count });
      continue;
    }
    const scale = (step: IdealKey) => (isPerToken ? (step.tokens ?? 0) : 1);
    const learned = learn(steps, scale, limits);
    if (learned === null) continue;
    const usual = isPerToken ? medianTokens(steps) : 1;
    figures.set(group, (step) => (scale(step) > 0 ? learned * scale(step) : undefined));
    list.push({ ...known, ideal_step_s: learned * usual, source: 'learned', steps: count });
  }
  return { list, groupOf, of: (step) => figures.get(groupOf(step))?.(step) };
}

function learn(
  steps: readonly KeptStep[],
  scale: (step: KeptStep) => number,
  { window_steps, steps_min }: IdealLimits,
): number | null {
  const timed = steps.filter((step) => step.step_s > 0 && scale(step) > 0);
  const whole = timed.filter(isWhole);
  const enough = whole.reduce((sum, { count }) => sum + count, 0) >= steps_min;
  return bestSustained(enough ? whole : timed, (step) => step.step_s / scale(step), {
    window_steps,
    steps_min,
    best: 'lowest',
  });
}

/** A step that a span or an exclusion reaches into shows only the rest of its time. */
function isWhole({ step_s, count, start_us, end_us }: KeptStep): boolean {
  return Math.abs(step_s * count * 1e6 - (end_us - start_us)) < 1;
}

function medianTokens(steps: readonly KeptStep[]): number {
  const sorted = steps.map(({ tokens }) => tokens ?? 0).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

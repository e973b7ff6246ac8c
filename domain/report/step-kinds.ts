import type { StepExecution } from '../ledger/ledger-shape.ts';
import { median, type Weighted } from '../statistics.ts';
import type { JobView } from './job-view.ts';

/**
 * What a kept step was. `train`: an ordinary one. `first_after_start`: the first of an attempt, with compilation and
 * warm-up in it. `checkpoint`: a save, blocking or not, overlapped it. `evaluation`, `profiler`, `warmup`: so the
 * source said. `above_peak`: faster than the device can be, in no rate. `gc_outlier`: slow, alone, and back at a fixed
 * stride, as periodic garbage collection is. `outlier`: slow for no reason that is known.
 */
export const STEP_KINDS = [
  'train',
  'first_after_start',
  'checkpoint',
  'evaluation',
  'profiler',
  'warmup',
  'above_peak',
  'gc_outlier',
  'outlier',
] as const;
export type StepKindName = (typeof STEP_KINDS)[number];

export interface StepKindFigures {
  readonly count: number;
  /** Seconds of one step, net of blocking spans; the median. */
  readonly median_s: number;
}

/** Kinds that occurred; the others are left out. */
export type StepKinds = Readonly<Partial<Record<StepKindName, StepKindFigures>>>;

/** A slow step is so many robust deviations above the median, and at least this share of it. */
const OUTLIER_DEVIATIONS = 6;
const OUTLIER_SHARE = 0.05;
/** From the median absolute deviation to the standard deviation of a normal sample. */
const MAD_TO_SIGMA = 1.4826;
/** Ordinary steps that must exist before one of them can be called slow. */
const OUTLIER_STEPS_MIN = 20;
/** Slow steps that must lie on one stride before it is one, the smallest stride, and the share that must lie on it. */
const STRIDE_TIMES_MIN = 3;
const STRIDE_STEPS_MIN = 5;
const STRIDE_SHARE_MIN = 0.8;

type Viewed = Pick<JobView, 'account' | 'range' | 'measured' | 'evidence'>;

/** The kept steps of the range by what they were, each with its count and median time. */
export function stepKinds(view: Viewed): StepKinds {
  const samples = new Map<StepKindName, Weighted[]>();
  for (const [step, kind] of kindsOf(view)) {
    const sample = samples.get(kind) ?? [];
    sample.push({ value: secondsOf(step), count: step.count });
    samples.set(kind, sample);
  }
  return Object.fromEntries(
    STEP_KINDS.flatMap((kind) => {
      const sample = samples.get(kind) ?? [];
      const median_s = median(sample);
      const count = sample.reduce((sum, item) => sum + item.count, 0);
      return median_s === undefined ? [] : [[kind, { count, median_s }] as const];
    }),
  );
}

function kindsOf(view: Viewed): Map<StepExecution, StepKindName> {
  const { account, range, measured, evidence } = view;
  const possible = new Set(measured.map(({ attempt, step }) => `${attempt}/${step}`));
  const saveEnds = latestEnds(evidence.saves);
  const kinds = new Map<StepExecution, StepKindName>();
  for (const step of account.steps) {
    if (step.fate !== 'productive' || step.labels['unlogged'] === true) continue;
    if (range.from_us !== undefined && step.end_us <= range.from_us) continue;
    if (range.to_us !== undefined && step.end_us > range.to_us) continue;
    kinds.set(step, toldKind(step, possible) ?? timedKind(step, evidence.saves, saveEnds));
  }
  return withOutliers(kinds);
}

function toldKind(step: StepExecution, possible: ReadonlySet<string>): StepKindName | null {
  if (step.kind === 'eval') return 'evaluation';
  if (step.kind === 'profile') return 'profiler';
  if (step.kind === 'warmup') return 'warmup';
  return possible.has(`${step.attempt}/${step.step}`) ? null : 'above_peak';
}

type Saves = readonly { readonly start_us: number; readonly end_us: number }[];

function timedKind(step: StepExecution, saves: Saves, ends: readonly number[]): StepKindName {
  if (step.first_of_attempt) return 'first_after_start';
  // saves are in order of start: those before `after` began before the step ended, and the latest end of them tells
  const after = firstFrom(saves, step.end_us);
  return after > 0 && (ends[after - 1] ?? 0) > step.start_us ? 'checkpoint' : 'train';
}

/** Index of the first save that starts at or after a time. */
function firstFrom(saves: Saves, time_us: number): number {
  let [low, high] = [0, saves.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((saves[middle]?.start_us ?? time_us) < time_us) low = middle + 1;
    else high = middle;
  }
  return low;
}

function latestEnds(saves: Saves): number[] {
  let latest = Number.NEGATIVE_INFINITY;
  return saves.map(({ end_us }) => {
    latest = Math.max(latest, end_us);
    return latest;
  });
}

/** Ordinary steps far above the median: on a stride of their own they are garbage collection, else just outliers. */
function withOutliers(kinds: Map<StepExecution, StepKindName>): Map<StepExecution, StepKindName> {
  const ordinary = [...kinds].flatMap(([step, kind]) => (kind === 'train' ? [step] : []));
  const sample = ordinary.map((step) => ({ value: secondsOf(step), count: step.count }));
  const middle = median(sample);
  if (middle === undefined || ordinary.length < OUTLIER_STEPS_MIN) return kinds;
  const spread = median(sample.map(({ value, count }) => ({ value: Math.abs(value - middle), count }))) ?? 0;
  const limit = middle + Math.max(OUTLIER_DEVIATIONS * MAD_TO_SIGMA * spread, OUTLIER_SHARE * middle);
  // an average of several steps cannot show one of them
  const slow = ordinary.filter((step) => step.count === 1 && secondsOf(step) > limit);
  const stride = strideOf(slow.map(({ step }) => step));
  for (const step of slow) {
    const isOnStride = stride !== null && (step.step - stride.first) % stride.steps === 0;
    kinds.set(step, isOnStride ? 'gc_outlier' : 'outlier');
  }
  return kinds;
}

/** The stride that most of the step numbers lie on, or null when they have none in common. */
function strideOf(steps: readonly number[]): { readonly first: number; readonly steps: number } | null {
  const distinct = [...new Set(steps)].sort((a, b) => a - b);
  if (distinct.length < STRIDE_TIMES_MIN) return null;
  const gaps = distinct.slice(1).map((step, index) => step - (distinct[index] ?? step));
  const stride = median(gaps.map((value) => ({ value, count: 1 }))) ?? 0;
  if (!Number.isInteger(stride) || stride < STRIDE_STEPS_MIN) return null;
  for (const first of distinct) {
    const on = distinct.filter((step) => (step - first) % stride === 0).length;
    if (on >= STRIDE_TIMES_MIN && on >= STRIDE_SHARE_MIN * distinct.length) return { first, steps: stride };
  }
  return null;
}

function secondsOf({ net_us, count }: StepExecution): number {
  return net_us / 1e6 / count;
}

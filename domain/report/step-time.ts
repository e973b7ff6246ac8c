import type { StepPhases } from '../events.ts';
import { median } from '../statistics.ts';
import { criticalRank, type PhaseSource, type PhasesByStep, phasesOfStep } from './step-phases.ts';
import type { KeptStep } from './throughput.ts';

/** Parts of a step that training waits for. `other` is what is left of the step and may be negative. */
export const STEP_PARTS = ['compute', 'comm', 'io', 'bubble', 'checkpoint', 'other'] as const;
export type StepPartName = (typeof STEP_PARTS)[number];
type ToldPart = Exclude<StepPartName, 'other'>;

export interface StepPart {
  /** Mean over the steps that told any part: these close to `step_s.mean` exactly. Null: never told. */
  readonly mean_s: number | null;
  /** Middle of the steps that told this part; medians do not add up. */
  readonly median_s: number | null;
  /** Of the mean step. */
  readonly share_ratio: number | null;
  /** Share of the steps looked at that told this part. Where it was not told its time is in `other`. */
  readonly coverage_ratio: number;
  /** Longest less shortest among the ranks of a step, middle of the steps; null with fewer than two ranks. */
  readonly rank_spread_s: number | null;
}

export interface StepTime {
  /** How several ranks become one step: the rank that others wait for speaks. */
  readonly combined: 'critical_rank';
  readonly steps: number;
  /** Share of kept, measured steps that told any part. */
  readonly coverage_ratio: number;
  readonly step_s: { readonly mean: number | null; readonly median: number | null };
  readonly parts: Readonly<Record<StepPartName, StepPart>>;
  /** Overlapped with computing: costs nothing, in no sum. Communication in total = `parts.comm` + `hidden.comm`. */
  readonly hidden: { readonly comm: StepPart; readonly io: StepPart };
  readonly sources: readonly PhaseSource[];
  /** Why a part is null: its name to a sentence. */
  readonly reasons: Readonly<Record<string, string>>;
}

interface Row {
  readonly count: number;
  readonly step_s: number;
  readonly phases: StepPhases;
  readonly source: PhaseSource;
  readonly ranks: readonly StepPhases[];
}

/**
 * step = compute + communication + io - hidden communication - hidden io + bubble + checkpoint + other. `comm` and `io`
 * of an event are the parts that training waited for, `*_hidden` the overlapped ones, so that the formula is the plain
 * sum of `parts`. Seconds of one step; nothing is clamped: a negative `other` says that the parts were told too long.
 */
export function stepTimeOf(steps: readonly KeptStep[], told: PhasesByStep): StepTime {
  const all = steps.reduce((sum, { count }) => sum + count, 0);
  const rows = steps.flatMap((step) => rowOf(step, told));
  const counted = rows.reduce((sum, { count }) => sum + count, 0);
  const mean = counted === 0 ? null : rows.reduce((sum, r) => sum + r.step_s * r.count, 0) / counted;
  const part = (name: keyof StepPhases): StepPart => partOf(rows, name, counted, mean);
  const known = {
    compute: part('compute'),
    comm: part('comm'),
    io: part('io'),
    bubble: part('bubble'),
    checkpoint: part('checkpoint'),
  };
  const hidden = { comm: part('comm_hidden'), io: part('io_hidden') };
  return {
    combined: 'critical_rank',
    steps: counted,
    coverage_ratio: all === 0 ? 0 : counted / all,
    step_s: { mean, median: median(rows.map((row) => ({ value: row.step_s, count: row.count }))) ?? null },
    parts: { ...known, other: otherOf(rows, known, mean) },
    hidden,
    sources: [...new Set(rows.map(({ source }) => source))].sort(),
    reasons: reasonsOf(known, hidden, counted),
  };
}

function rowOf({ attempt, step, count, step_s }: KeptStep, told: PhasesByStep): Row[] {
  const ranks = phasesOfStep(told, attempt, step);
  const critical = criticalRank(ranks);
  if (critical === undefined) return [];
  const { phases, source } = critical;
  return [{ count, step_s, phases, source, ranks: ranks.map((rank) => rank.phases) }];
}

function seconds(us: number, count: number): number {
  return us / 1e6 / count;
}

function partOf(
  rows: readonly Row[],
  name: keyof StepPhases,
  counted: number,
  mean: number | null,
): StepPart {
  const values = rows.flatMap(({ phases, count }) => {
    const us = phases[name];
    return us === undefined ? [] : [{ value: seconds(us, count), count }];
  });
  const spreads = rows.flatMap(({ ranks, count }) => {
    const own = ranks.flatMap((phases) => (phases[name] === undefined ? [] : [phases[name]]));
    return own.length < 2 ? [] : [{ value: seconds(Math.max(...own) - Math.min(...own), count), count }];
  });
  const sum = values.reduce((total, { value, count }) => total + value * count, 0);
  const mean_s = values.length === 0 ? null : sum / counted;
  return {
    mean_s,
    median_s: median(values) ?? null,
    share_ratio: shareOf(mean_s, mean),
    coverage_ratio: counted === 0 ? 0 : values.reduce((total, { count }) => total + count, 0) / counted,
    rank_spread_s: median(spreads) ?? null,
  };
}

const TOLD: readonly ToldPart[] = ['compute', 'comm', 'io', 'bubble', 'checkpoint'];

function otherOf(rows: readonly Row[], known: Record<ToldPart, StepPart>, mean: number | null): StepPart {
  const mean_s = mean === null ? null : TOLD.reduce((rest, name) => rest - (known[name].mean_s ?? 0), mean);
  const rests = rows.map(({ step_s, phases, count }) => ({
    value: TOLD.reduce((rest, name) => rest - seconds(phases[name] ?? 0, count), step_s),
    count,
  }));
  return {
    mean_s,
    median_s: median(rests) ?? null,
    share_ratio: shareOf(mean_s, mean),
    coverage_ratio: rows.length === 0 ? 0 : 1,
    rank_spread_s: null,
  };
}

function shareOf(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}

function reasonsOf(
  known: Record<ToldPart, StepPart>,
  hidden: StepTime['hidden'],
  counted: number,
): Record<string, string> {
  if (counted === 0) {
    return {
      step_time:
        'no kept step told its parts: send phases_us with the steps, or a source that has them (trainer timers, a profile)',
    };
  }
  const named = [...Object.entries(known), ['hidden_comm', hidden.comm], ['hidden_io', hidden.io]] as const;
  const untold = named.filter(([, part]) => part.mean_s === null);
  return Object.fromEntries(
    untold.map(([name]) => [`step_time.${name}`, `no source told ${name}: what it took is not known`]),
  );
}

import type { JobScopedEvent, PlacementEvent, StepEvent } from '../events.ts';
import { median } from '../statistics.ts';

export interface StragglerLimits {
  /** Steps that a judgement needs. */
  readonly steps_min: number;
  /** A rank is slow from this many times the usual rank's work on: below is noise. */
  readonly slow_ratio_min: number;
  /** Share of steps on which the same rank was slowest: from here on the finding is sure, and from here likely. */
  readonly sure_share_min: number;
  readonly likely_share_min: number;
}

/** 1.1: NVRx's example score of 0.75 and MegaScale's "about 10 % slow" machines; noise of healthy ranks is a few percent. */
export const STRAGGLER_LIMITS: StragglerLimits = {
  steps_min: 5,
  slow_ratio_min: 1.1,
  sure_share_min: 0.9,
  likely_share_min: 0.5,
};

export interface StragglerOptions {
  readonly at_us?: number | undefined;
  readonly from_us?: number | undefined;
  readonly to_us?: number | undefined;
  readonly limits?: StragglerLimits | undefined;
}

export interface RankSlowdown {
  readonly rank: number;
  readonly node: string | null;
  readonly device: string | number | null;
  /** Its own work over that of the usual rank (the lower median), middle of the steps; below 1 is faster. */
  readonly slowdown_ratio: number;
  /** What others waited for it, seconds a step: only steps on which it was the slowest count, so that ranks add up. */
  readonly lost_s_per_step: number;
  readonly steps: number;
  /** Share of the steps compared on which it was the slowest one. */
  readonly slowest_share_ratio: number;
  /** Which of its own work is longer than the usual rank's, where it was the slowest; null when it never was. */
  readonly phase: 'compute' | 'io' | null;
  readonly verdict: 'slow' | 'normal' | 'undecided';
  readonly confidence: 'high' | 'medium' | 'low';
}

export interface Stragglers {
  /**
   * What was compared: `own_work` is computing, input and checkpoint of the phases that training waited for, without
   * communication; `step_time` where no rank tells phases. Null: nothing to compare.
   */
  readonly basis: StragglerBasis | null;
  readonly steps: number;
  readonly ranks_seen: number;
  /** Worst first. */
  readonly ranks: readonly RankSlowdown[];
  /** Seconds a step that all slow ranks together cost. */
  readonly lost_s_per_step: number | null;
  /** Why nothing, or nothing sure, can be said. */
  readonly reason: string | null;
}

export type StragglerBasis = 'own_work' | 'step_time';

interface Own {
  readonly rank: number;
  readonly own_s: number;
  /** Not a number where only step times are told. */
  readonly compute_s: number;
}

/** One rank in one step against the usual rank of its pipeline stage; stages differ by nature and are not compared. */
interface Compared {
  readonly own: Own;
  readonly usual: Own;
}

/**
 * Which rank the others wait for. In synchronised training every rank shows the same step time, because the fast ones
 * wait in collectives: ranks are compared by their own work, those of one pipeline stage (`pp` of placements) with each
 * other. Step times are compared only where no rank tells phases, and equal ones decide nothing.
 */
export function stragglersOf(events: readonly JobScopedEvent[], options: StragglerOptions = {}): Stragglers {
  const limits = options.limits ?? STRAGGLER_LIMITS;
  const steps = events.filter((event): event is StepEvent => isCompared(event, options));
  const ranks_seen = new Set(steps.map(({ rank }) => rank ?? 0)).size;
  if (ranks_seen < 2) return nothingOf(ranks_seen, 'steps of fewer than two ranks: nothing to compare');
  const basis = steps.some(({ phases_us }) => phases_us !== undefined) ? 'own_work' : 'step_time';
  const places = placements(events, options.at_us ?? options.to_us);
  const compared = [...byStep(steps, basis).values()].flatMap((ranks) => {
    const step = comparedOf(ranks, places);
    return step.length === 0 ? [] : [step];
  });
  if (compared.length === 0) {
    return nothingOf(
      ranks_seen,
      'no step has the computing time of two ranks: send phases_us.compute from every rank',
    );
  }
  const ranks = slowdowns(compared, limits).map((rank) => ({ ...rank, ...placeOf(places, rank.rank) }));
  const slow = ranks.filter(({ verdict }) => verdict === 'slow');
  return {
    basis,
    steps: compared.length,
    ranks_seen,
    ranks,
    lost_s_per_step: slow.reduce((sum, rank) => sum + rank.lost_s_per_step, 0),
    reason: reasonOf(compared.length, basis, slow.length, limits),
  };
}

function nothingOf(ranks_seen: number, reason: string): Stragglers {
  return { basis: null, steps: 0, ranks_seen, ranks: [], lost_s_per_step: null, reason };
}

function reasonOf(
  steps: number,
  basis: StragglerBasis,
  slow: number,
  limits: StragglerLimits,
): string | null {
  if (steps < limits.steps_min)
    return `${steps} steps can be compared and ${limits.steps_min} are needed: undecided`;
  if (basis === 'step_time' && slow === 0) {
    return 'only step times were told: ranks that wait for each other show equal ones, so a slow rank may be hidden';
  }
  return null;
}

function isCompared(event: JobScopedEvent, { at_us, from_us, to_us }: StragglerOptions): event is StepEvent {
  if (event.type !== 'step' || event.end_us === undefined || event.end_us <= event.start_us) return false;
  if ((event.kind ?? 'train') !== 'train') return false;
  if (at_us !== undefined && event.end_us > at_us) return false;
  return (from_us === undefined || event.end_us > from_us) && (to_us === undefined || event.end_us <= to_us);
}

/** A repeated delivery of a rank's step replaces the one before. */
function byStep(steps: readonly StepEvent[], basis: StragglerBasis): Map<string, readonly Own[]> {
  const found = new Map<string, Map<number, Own>>();
  for (const step of steps) {
    const own = ownOf(step, basis);
    if (own === undefined) continue;
    const key = `${step.attempt ?? ''}/${step.step}`;
    const ranks = found.get(key) ?? new Map<number, Own>();
    found.set(key, ranks.set(own.rank, own));
  }
  return new Map([...found].map(([key, ranks]) => [key, [...ranks.values()]]));
}

function ownOf(step: StepEvent, basis: StragglerBasis): Own | undefined {
  const { rank = 0, start_us, end_us = start_us, phases_us, count = 1 } = step;
  const { compute, io = 0, checkpoint = 0 } = phases_us ?? {};
  if (basis === 'step_time') return { rank, own_s: (end_us - start_us) / 1e6 / count, compute_s: Number.NaN };
  if (compute === undefined || compute <= 0) return undefined;
  return { rank, own_s: (compute + io + checkpoint) / 1e6 / count, compute_s: compute / 1e6 / count };
}

function comparedOf(ranks: readonly Own[], places: ReadonlyMap<number, PlacementEvent>): Compared[] {
  const stages = new Map<number | undefined, Own[]>();
  for (const own of ranks) {
    const stage = places.get(own.rank)?.pp;
    const others = stages.get(stage) ?? [];
    others.push(own);
    stages.set(stage, others);
  }
  return [...stages.values()].flatMap((stage) => {
    const sorted = stage.sort((a, b) => a.own_s - b.own_s || a.rank - b.rank);
    const usual = sorted[(sorted.length - 1) >> 1];
    return usual === undefined || sorted.length < 2 ? [] : sorted.map((own) => ({ own, usual }));
  });
}

interface Tally {
  readonly ratios: number[];
  slowest: number;
  lost_s: number;
  lost_compute_s: number;
}

function slowdowns(
  compared: readonly (readonly Compared[])[],
  limits: StragglerLimits,
): Omit<RankSlowdown, 'node' | 'device'>[] {
  const tallies = new Map<number, Tally>();
  for (const ranks of compared) {
    const worst = [...ranks].sort((a, b) => excessOf(b) - excessOf(a) || a.own.rank - b.own.rank)[0];
    for (const one of ranks) {
      const { own, usual } = one;
      const tally = tallies.get(own.rank) ?? { ratios: [], slowest: 0, lost_s: 0, lost_compute_s: 0 };
      tally.ratios.push(own.own_s / usual.own_s);
      if (one === worst && excessOf(one) > 0) {
        tally.slowest += 1;
        tally.lost_s += excessOf(one);
        tally.lost_compute_s += own.compute_s - usual.compute_s;
      }
      tallies.set(own.rank, tally);
    }
  }
  return [...tallies]
    .map(([rank, tally]) => judged(rank, tally, compared.length, limits))
    .sort((a, b) => b.slowdown_ratio - a.slowdown_ratio || a.rank - b.rank);
}

function excessOf({ own, usual }: Compared): number {
  return own.own_s - usual.own_s;
}

function judged(
  rank: number,
  { ratios, slowest, lost_s, lost_compute_s }: Tally,
  steps: number,
  limits: StragglerLimits,
): Omit<RankSlowdown, 'node' | 'device'> {
  const slowdown_ratio = median(ratios.map((value) => ({ value, count: 1 }))) ?? Number.NaN;
  const share = slowest / steps;
  const isThin = ratios.length < limits.steps_min;
  const isSlow = slowdown_ratio >= limits.slow_ratio_min;
  const sure = share >= limits.sure_share_min ? 'high' : share >= limits.likely_share_min ? 'medium' : 'low';
  return {
    rank,
    slowdown_ratio,
    lost_s_per_step: lost_s / steps,
    steps: ratios.length,
    slowest_share_ratio: share,
    phase: phaseOf(lost_s, lost_compute_s),
    verdict: isThin ? 'undecided' : isSlow ? 'slow' : 'normal',
    confidence: isThin ? 'low' : isSlow ? sure : 'high',
  };
}

/** What more than half of the time that others waited went into. */
function phaseOf(lost_s: number, lost_compute_s: number): RankSlowdown['phase'] {
  if (lost_s === 0 || Number.isNaN(lost_compute_s)) return null;
  return lost_compute_s * 2 >= lost_s ? 'compute' : 'io';
}

/** The newest place of every rank that began by then. */
function placements(
  events: readonly JobScopedEvent[],
  at_us: number | undefined,
): Map<number, PlacementEvent> {
  const places = new Map<number, PlacementEvent>();
  for (const event of events) {
    if (event.type !== 'placement' || event.from_us > (at_us ?? Number.POSITIVE_INFINITY)) continue;
    const before = places.get(event.rank);
    if (before === undefined || event.from_us >= before.from_us) places.set(event.rank, event);
  }
  return places;
}

function placeOf(places: ReadonlyMap<number, PlacementEvent>, rank: number) {
  const place = places.get(rank);
  return { node: place?.node ?? null, device: place?.device ?? null };
}

import type { JobScopedEvent, PlacementEvent } from '../events.ts';
import type { StepExecution } from '../ledger/ledger-shape.ts';
import { IDEAL_DEFAULTS, type IdealKey, type IdealLimits, type Ideals } from './ideal-step.ts';
import { type EvidenceByStep, evidenceOfStep, type StepEvidence } from './step-evidence.ts';
import { bestSustained } from './sustained.ts';
import type { KeptStep } from './throughput.ts';
import type { SlowCause } from './work-table.ts';

/**
 * A rank's own work above the usual rank's by less is jitter: ByteDance's what-if study (arXiv 2505.05713) looks for
 * causes from a slow-down of 3 % on.
 */
export const STRAGGLER_FACTOR_MIN = 1.03;

/** A rank that held a step up. */
export interface Straggle {
  readonly attempt: number;
  readonly start_us: number;
  readonly end_us: number;
  readonly rank: number;
  readonly node: string | null;
  readonly device: string | null;
  readonly excess_us: number;
}

export interface SlowEvidence {
  /** Parts of a step's excess that its ranks and phases explain, microseconds; never more than the excess. */
  causesOf(step: StepExecution, key: IdealKey, excess_us: number): readonly (readonly [SlowCause, number])[];
  /** Ranks that held up kept steps, in order of time. */
  readonly straggles: readonly Straggle[];
}

const PHASES = {
  exposed_communication: 'comm',
  data: 'io',
  bubble: 'bubble',
  checkpoint: 'checkpoint',
} as const;
type PhaseCause = keyof typeof PHASES;
const PHASE_CAUSES = Object.keys(PHASES) as PhaseCause[];

/**
 * What explains slow steps. A slow rank comes first, because the others' waiting for it shows as their communication;
 * then the phases, each by what it exceeds its own ideal (the best sustained window of the phase); where together they
 * explain more than there is, each gets its share.
 */
export function slowEvidence(
  byStep: EvidenceByStep,
  measured: readonly KeptStep[],
  ideals: Ideals,
  events: readonly JobScopedEvent[],
  limits: IdealLimits = IDEAL_DEFAULTS,
): SlowEvidence {
  const straggles: Straggle[] = [];
  if (byStep.size === 0) return { causesOf: () => [], straggles };
  const normal = phaseIdeals(byStep, measured, ideals, limits);
  const placeOf = placesOf(events);
  return {
    straggles,
    causesOf: (step, key, excess_us) => {
      const told = evidenceOfStep(byStep, step.attempt, step.step);
      if (told === undefined) return [];
      const whole_us = step.end_us - step.start_us;
      const own_us = stragglerUs(told, whole_us);
      const straggler = Math.min(Math.round(own_us), excess_us);
      if (straggler > 0 && told.slowest !== undefined) {
        const { rank } = told.slowest;
        const { attempt, start_us, end_us } = step;
        const place = placeOf(rank, attempt, start_us);
        straggles.push({ attempt, start_us, end_us, rank, ...place, excess_us: straggler });
      }
      const group = ideals.groupOf(key);
      const parts = PHASE_CAUSES.flatMap((cause): [SlowCause, number][] => {
        const share = told[PHASES[cause]];
        const ideal_s = normal.get(`${group} ${cause}`);
        if (share === undefined || ideal_s === undefined) return [];
        const above = share * whole_us - ideal_s * step.count * 1e6;
        return above > 0 ? [[cause, above]] : [];
      });
      const rest = excess_us - straggler;
      const claimed = parts.reduce((sum, [, us]) => sum + us, 0);
      const scale = claimed > rest ? rest / claimed : 1;
      const scaled = parts.map(([cause, us]): [SlowCause, number] => [cause, Math.floor(us * scale)]);
      return straggler > 0 ? [['straggler', straggler], ...scaled] : scaled;
    },
  };
}

function stragglerUs({ slowest }: StepEvidence, whole_us: number): number {
  if (slowest === undefined || slowest.own <= slowest.usual * STRAGGLER_FACTOR_MIN) return 0;
  return (slowest.own - slowest.usual) * whole_us;
}

/** What each phase takes when nothing is wrong, seconds of one step, by group and cause. */
function phaseIdeals(
  byStep: EvidenceByStep,
  measured: readonly KeptStep[],
  ideals: Ideals,
  { window_steps, steps_min }: IdealLimits,
): Map<string, number> {
  const groups = new Map<string, KeptStep[]>();
  for (const step of measured) {
    const known = groups.get(ideals.groupOf(step));
    if (known === undefined) groups.set(ideals.groupOf(step), [step]);
    else known.push(step);
  }
  const normal = new Map<string, number>();
  for (const [group, steps] of groups) {
    for (const cause of PHASE_CAUSES) {
      const figureOf = (step: KeptStep) => {
        const share = evidenceOfStep(byStep, step.attempt, step.step)?.[PHASES[cause]];
        return share === undefined ? undefined : (share * (step.end_us - step.start_us)) / 1e6 / step.count;
      };
      const ideal_s = bestSustained(steps, figureOf, { window_steps, steps_min, best: 'lowest' });
      if (ideal_s !== null) normal.set(`${group} ${cause}`, ideal_s);
    }
  }
  return normal;
}

/** Node and device of a rank at a time, as far as it was placed. */
function placesOf(events: readonly JobScopedEvent[]) {
  const byRank = new Map<number, PlacementEvent[]>();
  for (const event of events) {
    if (event.type !== 'placement') continue;
    const known = byRank.get(event.rank);
    if (known === undefined) byRank.set(event.rank, [event]);
    else known.push(event);
  }
  for (const places of byRank.values()) places.sort((a, b) => a.from_us - b.from_us);
  return (rank: number, attempt: number, time_us: number): Pick<Straggle, 'node' | 'device'> => {
    const places = byRank.get(rank) ?? [];
    const isThen = (place: PlacementEvent) =>
      place.from_us <= time_us && (place.to_us === undefined || place.to_us > time_us);
    const isIts = ({ attempt: of }: PlacementEvent) => of === undefined || of === attempt;
    const found =
      places.findLast((place) => isIts(place) && isThen(place)) ??
      places.findLast(isThen) ??
      places.findLast(isIts);
    return { node: found?.node ?? null, device: found === undefined ? null : String(found.device) };
  };
}

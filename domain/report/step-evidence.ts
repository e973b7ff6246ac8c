import type { JobScopedEvent, StepEvent, StepPhases } from '../events.ts';

/** Parts of a step that training waited for, as shares of the step's whole time: scale-free, so that a cut line keeps them. */
export interface StepEvidence {
  /** Exposed communication of the rank that waited least: waiting for a slow rank is not the network's. */
  readonly comm: number | undefined;
  /** Exposed input of the rank that waited most: all others wait for it. */
  readonly io: number | undefined;
  readonly bubble: number | undefined;
  readonly checkpoint: number | undefined;
  /** The rank whose own work took longest beyond what is usual among the ranks; undefined with fewer than two. */
  readonly slowest: SlowestRank | undefined;
}

export interface SlowestRank {
  readonly rank: number;
  /** Its own work, and that of the usual rank, as shares of the step. */
  readonly own: number;
  readonly usual: number;
}

/** By `attempt/step`, of steps that tell phases or that several ranks tell. */
export type EvidenceByStep = ReadonlyMap<string, StepEvidence>;

interface Told {
  /** Longest time any rank told for it, microseconds. */
  whole_us: number;
  readonly ranks: RankTold[];
}

interface RankTold {
  readonly rank: number;
  readonly time_us: number;
  readonly phases: StepPhases | undefined;
}

export function stepEvidence(events: readonly JobScopedEvent[], at_us: number | undefined): EvidenceByStep {
  const limit_us = at_us ?? Number.POSITIVE_INFINITY;
  const told = new Map<string, Told>();
  let first: StepEvent | undefined;
  let isOneVoice = true;
  for (const event of events) {
    if (event.type !== 'step' || event.kind === 'eval' || event.end_us === undefined) continue;
    first ??= event;
    // a job whose steps one rank tells without phases has nothing to say here, and may have millions of them
    isOneVoice &&= event.phases_us === undefined && event.rank === first.rank;
    if (isOneVoice || event.end_us > limit_us || event.end_us <= event.start_us) continue;
    collect(told, event, event.end_us - event.start_us);
  }
  const evidence = new Map<string, StepEvidence>();
  for (const [key, step] of told) {
    const found = reduced(step);
    if (found !== undefined) evidence.set(key, found);
  }
  return evidence;
}

/** An event may leave its attempt out: then its step number alone has to do. */
export function evidenceOfStep(
  evidence: EvidenceByStep,
  attempt: number,
  step: number,
): StepEvidence | undefined {
  return evidence.get(keyOf(attempt, step)) ?? evidence.get(keyOf(undefined, step));
}

function keyOf(attempt: number | undefined, step: number): string {
  return `${attempt ?? ''}/${step}`;
}

function collect(told: Map<string, Told>, { attempt, step, rank, phases_us }: StepEvent, time_us: number) {
  const key = keyOf(attempt, step);
  const known = told.get(key);
  const own = { rank: rank ?? 0, time_us, phases: phases_us };
  if (known === undefined) told.set(key, { whole_us: time_us, ranks: [own] });
  else {
    known.whole_us = Math.max(known.whole_us, time_us);
    known.ranks.push(own);
  }
}

function reduced({ whole_us, ranks }: Told): StepEvidence | undefined {
  const shares = (phase: keyof StepPhases) =>
    ranks.flatMap(({ phases }) => (phases?.[phase] === undefined ? [] : [phases[phase] / whole_us]));
  const least = (values: readonly number[]) => (values.length === 0 ? undefined : Math.min(...values));
  const most = (values: readonly number[]) => (values.length === 0 ? undefined : Math.max(...values));
  const evidence = {
    comm: least(shares('comm')),
    io: most(shares('io')),
    bubble: least(shares('bubble')),
    checkpoint: most(shares('checkpoint')),
    slowest: slowestOf(ranks, whole_us),
  };
  return Object.values(evidence).every((value) => value === undefined) ? undefined : evidence;
}

/** By the ranks' own computing where at least two tell it, else by their times: ranks that wait tell equal ones. */
function slowestOf(ranks: readonly RankTold[], whole_us: number): SlowestRank | undefined {
  const computing = ranks.flatMap(({ rank, phases }) =>
    phases?.compute === undefined ? [] : [{ rank, own_us: phases.compute }],
  );
  const timed = ranks.map(({ rank, time_us }) => ({ rank, own_us: time_us }));
  const hasPhases = ranks.some(({ phases }) => phases !== undefined);
  const own = computing.length >= 2 || hasPhases ? computing : timed;
  const sorted = [...own].sort((a, b) => a.own_us - b.own_us || a.rank - b.rank);
  const slowest = sorted.at(-1);
  // the lower of two: with two ranks the faster one is what is usual
  const usual = sorted[(sorted.length - 1) >> 1];
  if (slowest === undefined || usual === undefined || new Set(own.map(({ rank }) => rank)).size < 2) {
    return undefined;
  }
  return { rank: slowest.rank, own: slowest.own_us / whole_us, usual: usual.own_us / whole_us };
}

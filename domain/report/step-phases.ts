import type { JobScopedEvent, StepPhases } from '../events.ts';

/** Who told the parts of a step: label `phase_source` of the event; `phases` where the sender named none. */
export const PHASE_SOURCES = ['phases', 'timers', 'msprof', 'kineto', 'collectives', 'telemetry'] as const;
export type PhaseSource = (typeof PHASE_SOURCES)[number];

export interface RankPhases {
  readonly rank: number;
  /** Of the whole event, all the steps it averages together. */
  readonly phases: StepPhases;
  readonly source: PhaseSource;
}

/** What each rank told of a step's parts, by `attempt/step`; steps without parts are not in it. */
export type PhasesByStep = ReadonlyMap<string, readonly RankPhases[]>;

/** A repeated delivery of the same rank and step replaces what it told before; `at_us` hides what ended later. */
export function phasesByStep(events: readonly JobScopedEvent[], at_us?: number): PhasesByStep {
  const limit_us = at_us ?? Number.POSITIVE_INFINITY;
  const told = new Map<string, Map<number, RankPhases>>();
  for (const event of events) {
    if (event.type !== 'step' || event.phases_us === undefined) continue;
    if ((event.end_us ?? event.start_us) > limit_us) continue;
    const key = keyOf(event.attempt, event.step);
    const ranks = told.get(key) ?? new Map<number, RankPhases>();
    const rank = event.rank ?? 0;
    ranks.set(rank, { rank, phases: event.phases_us, source: sourceOf(event.labels?.['phase_source']) });
    told.set(key, ranks);
  }
  return new Map([...told].map(([key, ranks]) => [key, [...ranks.values()]]));
}

/** An event may leave its attempt out: then its step number alone has to do. */
export function phasesOfStep(told: PhasesByStep, attempt: number, step: number): readonly RankPhases[] {
  return told.get(keyOf(attempt, step)) ?? told.get(keyOf(undefined, step)) ?? [];
}

/**
 * The rank that the others wait for: its own work (computing, input and checkpoint that it waited for) is longest. Of
 * equal ones the lowest, so that the order of delivery does not matter.
 */
export function criticalRank(ranks: readonly RankPhases[]): RankPhases | undefined {
  return [...ranks].sort((a, b) => ownWork(b.phases) - ownWork(a.phases) || a.rank - b.rank)[0];
}

function ownWork({ compute = 0, io = 0, checkpoint = 0 }: StepPhases): number {
  return compute + io + checkpoint;
}

function sourceOf(label: unknown): PhaseSource {
  return PHASE_SOURCES.find((source) => source === label) ?? 'phases';
}

function keyOf(attempt: number | undefined, step: number): string {
  return `${attempt ?? ''}/${step}`;
}

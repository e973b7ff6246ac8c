import type { Incident } from '../ledger/ledger-shape.ts';
import { type DurationSummary, durationsOf } from './durations.ts';
import type { Rung, RungName } from './ladder.ts';

/** Rungs after the failure, in the order of a usual repair. */
export const REPAIR_PHASES = [
  'detect',
  'localize',
  'nodes_ready',
  'restart',
  'first_step',
  'regain',
] as const;
export type RepairPhase = (typeof REPAIR_PHASES)[number];

/** Seconds from failure to the next step, over the interruptions that are over and were not planned, manual ones included. */
export interface MttrSummary extends DurationSummary {
  /** From failure to regained progress, over those that regained it. */
  readonly regain: DurationSummary;
  /**
   * What repairs consisted of: each phase from the rung told before it to its own. Where a rung was not told, its time is
   * in the next one that was, so the phases of one incident add up to its time to regained progress.
   */
  readonly phases: Readonly<Record<RepairPhase, DurationSummary>>;
}

/** With its repair ladder, where that was made. */
export type RepairedIncident = Incident & { readonly ladder?: readonly Rung[] };

/**
 * A planned stop is no failure, a hang that went on by itself was not repaired, and an open incident has no end yet:
 * none is in the mean, all are listed.
 */
export function mttrOf(incidents: readonly RepairedIncident[]): MttrSummary {
  const failures = incidents.filter(({ kind, planned }) => kind === 'interruption' && !planned);
  if (failures.length === 0) return NO_FAILURES;
  const repaired = failures.filter(({ time_to_first_step_s }) => time_to_first_step_s !== null);
  const split = new Map<RepairPhase, number[]>(REPAIR_PHASES.map((phase) => [phase, []]));
  for (const incident of repaired) {
    for (const { phase, seconds } of phasesOf(incident)) split.get(phase)?.push(seconds);
  }
  return {
    ...durationsOf(known(failures, 'time_to_first_step_s')),
    regain: durationsOf(known(failures, 'time_to_regain_progress_s')),
    phases: phaseTable((phase) => durationsOf(split.get(phase) ?? [])),
  };
}

const NOTHING = durationsOf([]);
const NO_FAILURES: MttrSummary = { ...NOTHING, regain: NOTHING, phases: phaseTable(() => NOTHING) };

/** The repair of one incident cut at the rungs that were told, in order of time; they add up to the last one. */
export function phasesOf(
  incident: RepairedIncident,
): { readonly phase: RepairPhase; readonly seconds: number }[] {
  const rungs: readonly (readonly [RepairPhase, number | null])[] = [
    ['detect', incident.time_to_detect_s ?? rungOf(incident, 'detected')],
    ['localize', incident.time_to_localize_s ?? rungOf(incident, 'localized')],
    ['nodes_ready', incident.time_to_nodes_ready_s ?? rungOf(incident, 'nodes_ready')],
    ['restart', incident.time_to_restart_s],
    ['first_step', incident.time_to_first_step_s],
    ['regain', incident.time_to_regain_progress_s],
  ];
  const told = rungs.flatMap(([phase, after_s]) => (after_s === null ? [] : [{ phase, after_s }]));
  told.sort((a, b) => a.after_s - b.after_s);
  let before_s = 0;
  return told.map(({ phase, after_s }) => {
    const seconds = after_s - before_s;
    before_s = after_s;
    return { phase, seconds };
  });
}

/** What marks do not tell the ladder may know from the states of nodes. What was known before the failure took no time. */
function rungOf({ ladder = [] }: RepairedIncident, name: RungName): number | null {
  const after_s = ladder.find(({ rung }) => rung === name)?.after_s ?? null;
  return after_s === null ? null : Math.max(0, after_s);
}

function known(
  incidents: readonly Incident[],
  field: 'time_to_first_step_s' | 'time_to_regain_progress_s',
): number[] {
  return incidents.flatMap((incident) => incident[field] ?? []);
}

function phaseTable(of: (phase: RepairPhase) => DurationSummary): MttrSummary['phases'] {
  return {
    detect: of('detect'),
    localize: of('localize'),
    nodes_ready: of('nodes_ready'),
    restart: of('restart'),
    first_step: of('first_step'),
    regain: of('regain'),
  };
}

import type { NodeStateEvent } from '../events.ts';
import type { Incident } from '../ledger/ledger-shape.ts';
import type { JobEvidence } from './job-evidence.ts';

export const RUNGS = [
  'last_progress',
  'fail',
  'detected',
  'localized',
  'nodes_ready',
  'processes_up',
  'first_step',
  'progress_regained',
] as const;
export type RungName = (typeof RUNGS)[number];

/** Who told a rung. `live`: the analyzer's own judgement of an open step. */
export type RungSource =
  | 'step'
  | 'fail'
  | 'attempt_end'
  | 'log'
  | 'mark'
  | 'node_state'
  | 'attempt_start'
  | 'live';

/** One rung of the repair ladder. Null where it was not reached, or nobody told when. */
export interface Rung {
  readonly rung: RungName;
  readonly at_us: number | null;
  /** Seconds from the failure; negative for what lies before it. */
  readonly after_s: number | null;
  readonly source: RungSource | null;
}

/** How long before a failure a node's state may have said that something is wrong: a device often dies slowly. */
const STATE_BEFORE_US = 600e6;

/**
 * The repair ladder of an incident, always all eight rungs in order. Marks go first; where there is none, the states of
 * the nodes tell when a fault was noticed, when a node was taken out, and when it or its replacement was fit again.
 * Unlike the `time_to_...` fields, which are the ledger's and follow marks alone, a rung says who told it.
 */
export function ladderOf(
  incident: Incident,
  { node_states, ends, fails }: JobEvidence,
  is_from_log: boolean,
): Rung[] {
  const { failed_at_us, last_progress_at_us, kind } = incident;
  const isKnown =
    kind !== 'interruption' || incident.time_to_restart_s !== null || wasTold(incident, { ends, fails });
  const rung = (name: RungName, at_us: number | null, source: RungSource): Rung => {
    const reached = at_us !== null;
    const after_s = reached && isKnown ? (at_us - failed_at_us) / 1e6 : null;
    return { rung: name, at_us, after_s, source: reached ? source : null };
  };
  const after = (seconds: number | null) =>
    seconds === null ? null : failed_at_us + Math.round(seconds * 1e6);
  const restart_us = after(incident.time_to_restart_s);
  const regained_us =
    after(incident.time_to_regain_progress_s) ??
    (last_progress_at_us !== null && incident.last_progress_to_regain_s !== null
      ? last_progress_at_us + Math.round(incident.last_progress_to_regain_s * 1e6)
      : null);
  const states = statesAround(incident, node_states, restart_us);
  const marked = (seconds: number | null, name: RungName, state: NodeStateEvent | undefined) => {
    const mark_us = after(seconds);
    if (mark_us !== null) return rung(name, mark_us, 'mark');
    return rung(name, state?.time_us ?? null, 'node_state');
  };
  return [
    rung('last_progress', last_progress_at_us, 'step'),
    rung('fail', isKnown ? failed_at_us : null, failSource(incident, { ends, fails }, is_from_log)),
    marked(incident.time_to_detect_s, 'detected', states.sick),
    marked(incident.time_to_localize_s, 'localized', states.out),
    marked(incident.time_to_nodes_ready_s, 'nodes_ready', states.fit),
    rung('processes_up', restart_us, 'attempt_start'),
    rung('first_step', after(incident.time_to_first_step_s), 'step'),
    rung('progress_regained', regained_us, 'step'),
  ];
}

type Told = Pick<JobEvidence, 'ends' | 'fails'>;

function wasTold({ attempt, failed_at_us }: Incident, { ends, fails }: Told): boolean {
  return [...fails, ...ends].some(
    (event) => event.time_us === failed_at_us && (event.attempt === undefined || event.attempt === attempt),
  );
}

function failSource({ kind, failed_at_us }: Incident, { fails }: Told, is_from_log: boolean): RungSource {
  if (kind === 'slowdown') return 'step';
  if (kind !== 'interruption') return 'live';
  const failed = fails.some(({ time_us }) => time_us >= failed_at_us) && fails.length > 0;
  if (is_from_log) return 'log';
  return failed ? 'fail' : 'attempt_end';
}

/** Of the incident's node where it is known, else of any node of the job. */
function statesAround(
  { node, failed_at_us, last_progress_at_us, kind }: Incident,
  states: readonly NodeStateEvent[],
  restart_us: number | null,
) {
  if (kind === 'slowdown' && node === null) return {};
  const from_us = Math.min(failed_at_us, last_progress_at_us ?? failed_at_us) - STATE_BEFORE_US;
  const near = states.filter(
    (state) =>
      (node === null || state.node === node) &&
      state.time_us >= from_us &&
      state.time_us <= (restart_us ?? Number.POSITIVE_INFINITY),
  );
  const sick = near.find(({ state }) => state !== 'healthy');
  const out = near.find(({ state }) => state === 'quarantined' || state === 'draining');
  const since_us = Math.max(failed_at_us, sick?.time_us ?? failed_at_us);
  const fit = sick && near.find(({ state, time_us }) => state === 'healthy' && time_us >= since_us);
  return { sick, out, fit };
}

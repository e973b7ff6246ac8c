import type { Incident } from '../domain/ledger/ledger-shape.ts';
import type { RungName } from '../domain/report/ladder.ts';
import type { RepairedIncident } from '../domain/report/mttr.ts';
import { duration } from './units.ts';
import { culprit } from './verdict.ts';

/** One incident as the rungs of its repair ladder, each in time from the failure, the unreached ones left out. */
export function incidentText(incident: RepairedIncident): string {
  const at = new Date(incident.failed_at_us / 1000).toISOString();
  const planned = incident.planned ? ', planned' : '';
  const lost = incident.lost_steps === 1 ? '1 step lost' : `${incident.lost_steps} steps lost`;
  const head = `  ${at}  ${incident.kind}${planned} (${incident.state}): ${culprit(incident)}; ${lost}`;
  if (incident.kind === 'slowdown') return [head, `    ${slowness(incident)}`].join('\n');
  const stood = incident.last_progress_to_regain_s;
  const whole = stood === null ? [] : [`    from last useful step to ground regained: ${duration(stood)}`];
  return [head, `    ${ladder(incident)}`, ...whole].join('\n');
}

function slowness({ time_to_regain_progress_s: lasted_s }: Incident): string {
  return lasted_s === null
    ? 'steps are still slower than their ideal'
    : `steps were slow for ${duration(lasted_s)}`;
}

/** Rungs from the failure on: the field of the ledger, and the name that people read. */
const RUNGS_AFTER = [
  ['detected', 'time_to_detect_s', 'detected'],
  ['localized', 'time_to_localize_s', 'localized'],
  ['nodes_ready', 'time_to_nodes_ready_s', 'nodes ready'],
  ['processes_up', 'time_to_restart_s', 'restarted'],
  ['first_step', 'time_to_first_step_s', 'first step'],
  ['progress_regained', 'time_to_regain_progress_s', 'regained'],
] as const satisfies readonly (readonly [RungName, keyof Incident, string])[];

/** The ladder of the report, which knows more than marks, where it was made; else what the ledger knows. */
function ladder(incident: RepairedIncident): string {
  const rungs = RUNGS_AFTER.map(([name, field, text]): [string, number | null] => {
    const made = incident.ladder?.find(({ rung }) => rung === name);
    return [text, made === undefined ? incident[field] : made.after_s];
  });
  const reached = rungs.flatMap(([name, s]) => (s === null ? [] : [`${name} +${duration(s)}`]));
  if (reached.length > 0) return reached.join(' > ');
  return incident.state === 'recovered'
    ? 'when it failed was not told, so no time from there is known'
    : 'no rung of the repair ladder reached yet';
}

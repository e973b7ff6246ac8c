import type { JobState } from '../../../domain/ledger/ledger-shape.ts';
import type { AccountFigures } from '../../../domain/ledger/timeline.ts';
import { modelName } from '../../../domain/report/job-spec.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import type { SampleList } from './metric-sample.ts';

const STALLED = new Set<JobState>(['hang', 'silent', 'down']);

/** What the job is, what state it is in, and how far it came. */
export function addProgressSamples(list: SampleList, { spec, account, at_us }: LiveView): void {
  list.add('headway_job_info', 1, {
    model: modelName(spec) ?? '',
    hardware: spec.hardware?.key ?? spec.event.hardware ?? '',
    dtype: spec.dtype,
  });
  list.add('headway_job_devices', spec.devices);
  list.add('headway_job_state', 1, { state: account.state });
  list.add('headway_job_last_step', account.last_step);
  list.add('headway_job_last_step_timestamp_seconds', seconds(account.last_progress_at_us));
  list.add('headway_job_stalled_seconds', stalledSeconds(account, at_us));
}

/** Since the last completed step, or since the start when none ever was; null while nothing stands still. */
function stalledSeconds(account: AccountFigures, at_us: number | null): number | null {
  if (at_us === null || !STALLED.has(account.state) || isPlannedStop(account)) return null;
  return seconds(at_us - (account.last_progress_at_us ?? account.from_us));
}

/** Down because somebody wanted it down: nobody needs to be woken. */
function isPlannedStop({ state, incidents }: AccountFigures): boolean {
  return state === 'down' && incidents.at(-1)?.planned === true;
}

function seconds(us: number | null): number | null {
  return us === null ? null : us / 1e6;
}

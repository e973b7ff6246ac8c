import type { Incident } from '../../../domain/ledger/ledger-shape.ts';
import { mttrOf } from '../../../domain/report/mttr.ts';
import type { SampleList } from './metric-sample.ts';

/** One series an incident, its rungs in seconds from the failure, and the time to recovery over all of them. */
export function addIncidentSamples(list: SampleList, incidents: readonly Incident[]): void {
  for (const incident of incidents) {
    const { id, kind, cause, node, device, state } = incident;
    list.add('headway_incident_info', 1, {
      incident: id,
      kind,
      cause: cause ?? '',
      node: node ?? '',
      device: device ?? '',
      state,
    });
    list.add('headway_incident_start_timestamp_seconds', incident.failed_at_us / 1e6, { incident: id });
    const phases = {
      detect: incident.time_to_detect_s,
      to_localize: incident.time_to_localize_s,
      to_nodes_ready: incident.time_to_nodes_ready_s,
      to_restart: incident.time_to_restart_s,
      to_first_step: incident.time_to_first_step_s,
      to_regain: incident.time_to_regain_progress_s,
    };
    for (const [phase, seconds] of Object.entries(phases)) {
      list.add('headway_incident_phase_seconds', seconds, { incident: id, phase });
    }
  }
  const { count, mean_s, median_s, p90_s } = mttrOf(incidents);
  list.add('headway_job_mttr_seconds', mean_s, { stat: 'mean' });
  list.add('headway_job_mttr_seconds', median_s, { stat: 'median' });
  list.add('headway_job_mttr_seconds', p90_s, { stat: 'p90' });
  list.add('headway_job_mttr_seconds', count, { stat: 'count' });
}

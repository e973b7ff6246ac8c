import { BURN_WINDOWS, MTBF_VARIANTS } from '../../../domain/catalog/reliability-metrics.ts';
import type { LedgerJson } from '../../../domain/ledger/ledger-shape.ts';
import { checkpointsOf } from '../../../domain/report/checkpoints.ts';
import { incidentColumns } from '../../../domain/report/incident-columns.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import { nodeRepairOf } from '../../../domain/report/node-repair.ts';
import { type FailureRates, failureRates, type NamedIncident } from '../../../domain/report/reliability.ts';
import { sloOf } from '../../../domain/report/slo.ts';
import type { SampleList } from './metric-sample.ts';

/** Failures, repairs of nodes, checkpoints, the error budget and the newest steps against those before. */
export function addReliabilitySamples(list: SampleList, view: LiveView, run: LedgerJson): void {
  const rates = failureRates(view, run, namedIncidents(view));
  addFailures(list, rates);
  addNodeRepair(list, view);
  addSlo(list, view, run);
  const { ratio, difference_s } = view.track.deviation();
  list.add('headway_job_step_deviation_ratio', ratio);
  list.add('headway_job_step_deviation_seconds', difference_s);
  list.add('headway_job_last_productive_step', view.timeline.newestKept()?.step);
  list.add('headway_job_excluded_seconds', run.buckets_s.excluded ?? 0);
  const { last_saved_step, interval, advice } = checkpointsOf(view, run, rates);
  list.add('headway_job_last_saved_step', last_saved_step);
  const intervals = {
    in_use: interval.in_use_s,
    young: advice.young.interval_s,
    daly: advice.daly.interval_s,
    saxena: advice.saxena.interval_s,
  };
  for (const [name, seconds] of Object.entries(intervals)) {
    list.add('headway_job_checkpoint_interval_seconds', seconds, { interval: name });
  }
}

function namedIncidents({ account, evidence, spec }: LiveView): NamedIncident[] {
  const is_from_log = spec.event.labels?.['framework'] !== undefined;
  return account.incidents.map((incident) => ({
    kind: incident.kind,
    node: incident.node,
    causes: incidentColumns(incident, evidence, account.to_us, is_from_log),
  }));
}

function addFailures(list: SampleList, { mtbf, interruptions }: FailureRates): void {
  for (const variant of MTBF_VARIANTS) {
    const { mtbf_s, interval } = mtbf[variant];
    list.add('headway_job_mtbf_seconds', mtbf_s, { variant });
    list.add('headway_job_mtbf_bound_seconds', interval?.low, { variant, bound: 'low' });
    list.add('headway_job_mtbf_bound_seconds', interval?.high, { variant, bound: 'high' });
  }
  const { unplanned, planned, manual } = interruptions;
  for (const [kind, count] of Object.entries({ unplanned, planned, manual })) {
    list.add('headway_job_interruptions', count, { kind });
  }
}

function addNodeRepair(list: SampleList, { evidence, at_us }: LiveView): void {
  // nothing told of nodes is not the same as no node in repair
  if (evidence.node_states.length === 0) return;
  const { count, mean_s, median_s, p90_s, open } = nodeRepairOf(evidence.node_states, at_us);
  const stats = { mean: mean_s, median: median_s, p90: p90_s, count };
  for (const [stat, value] of Object.entries(stats)) list.add('headway_node_repair_seconds', value, { stat });
  list.add('headway_job_nodes_in_repair', open.length);
}

function addSlo(list: SampleList, view: LiveView, run: LedgerJson): void {
  const slo = sloOf(view, run);
  if (slo === null) return;
  list.add('headway_job_slo_target_ratio', slo.target_ratio);
  list.add('headway_job_slo_budget_spent_ratio', slo.spent_ratio);
  for (const window of BURN_WINDOWS) {
    list.add('headway_job_slo_burn_ratio', slo.burn[window].burn_ratio, { window });
  }
}

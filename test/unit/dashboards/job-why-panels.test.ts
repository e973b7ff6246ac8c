import { expect, it } from 'vitest';
import { allDashboards } from '../../../dashboards/src/generated-files.ts';
import { DERIVED_METRICS } from '../../../domain/catalog/derived-metrics.ts';

/** Shown by what is derived of them, or in words: what a job runs, how many devices weigh its seconds. */
const NOT_DRAWN = new Set([
  'headway_job_info',
  'headway_job_devices',
  'headway_job_revision',
  'headway_job_other_ratio',
  'headway_job_spec_mismatch_ratio',
  'headway_job_stalled_seconds',
  'headway_job_badput_seconds',
  'headway_job_mtbf_bound_seconds',
  'headway_job_interruptions',
  'headway_job_step_deviation_seconds',
  'headway_job_excluded_seconds',
  'headway_node_repair_seconds',
  'headway_job_nodes_in_repair',
  'headway_collective_bus_bandwidth_bytes_per_second',
]);

it('draws every derived figure on some dashboard, or says that it does not', () => {
  const drawn = allDashboards()
    .flatMap(({ panels }) => panels)
    .flatMap((panel) => ('targets' in panel ? panel.targets.map(({ expr }) => expr) : []))
    .join('\n');
  const missing = DERIVED_METRICS.map(({ name }) => name).filter(
    (name) => !NOT_DRAWN.has(name) && !new RegExp(`\\b${name}\\b`).test(drawn),
  );
  expect(missing).toEqual([]);
  const notMissing = [...NOT_DRAWN].filter((name) => new RegExp(`\\b${name}\\b`).test(drawn));
  expect(notMissing).toEqual([]);
});

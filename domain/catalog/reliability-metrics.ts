import type { DerivedMetric, MetricLabel } from './derived-metrics.ts';

const JOB: MetricLabel = { name: 'job', help: 'the training job' };

/** Every mean time between failures in use, by name (`domain/report/reliability.ts`). */
export const MTBF_VARIANTS = [
  'elapsed',
  'elapsed_unplanned',
  'running_time',
  'running_time_unplanned',
  'node',
  'node_attributed',
] as const;

/** Stretches that burn rates of the error budget are given for (`domain/report/slo.ts`). */
export const BURN_WINDOWS = ['5m', '30m', '1h', '6h', '3d'] as const;

const VARIANT: MetricLabel = {
  name: 'variant',
  values: MTBF_VARIANTS,
  help: 'what is divided by what: elapsed, running or node time by all, unplanned or node-attributed interruptions',
};

/** Failures, repairs, checkpoints and the goodput that was promised; part of `DERIVED_METRICS`. */
export const RELIABILITY_METRICS = [
  {
    name: 'headway_job_mtbf_seconds',
    labels: [JOB, VARIANT],
    unit: 's',
    help: 'Mean time between failures of the run; of the node variants node-seconds. Absent while nothing failed.',
  },
  {
    name: 'headway_job_mtbf_bound_seconds',
    labels: [JOB, VARIANT, { name: 'bound', values: ['low', 'high'], help: 'which end of the interval' }],
    unit: 's',
    help: 'Exact 95 % interval of the mean time between failures; while nothing failed, the one-sided lower end.',
  },
  {
    name: 'headway_job_interruptions',
    labels: [
      JOB,
      {
        name: 'kind',
        values: ['unplanned', 'planned', 'manual'],
        help: 'unplanned ones are failures; manual ones somebody did by hand',
      },
    ],
    unit: 'count',
    help: 'Interruptions of the run so far.',
  },
  {
    name: 'headway_node_repair_seconds',
    labels: [JOB, { name: 'stat', values: ['mean', 'median', 'p90', 'count'], help: 'which statistic' }],
    unit: 's',
    help: 'From unhealthy, quarantined or repairing to healthy, over the nodes of the job; `count` is how many repairs ended.',
  },
  {
    name: 'headway_job_nodes_in_repair',
    labels: [JOB],
    unit: 'count',
    help: 'Nodes of the job that are out of service now.',
  },
  {
    name: 'headway_job_slo_target_ratio',
    labels: [JOB],
    unit: 'ratio',
    help: 'Goodput that the job is held to, by its own description or that of the site.',
  },
  {
    name: 'headway_job_slo_burn_ratio',
    labels: [JOB, { name: 'window', values: BURN_WINDOWS, help: 'the stretch of time it covers' }],
    unit: 'ratio',
    help: 'Share of the window that was lost, over the share that may be lost: 1 uses the error budget up exactly. Absent until the run is as long as the window.',
  },
  {
    name: 'headway_job_slo_budget_spent_ratio',
    labels: [JOB],
    unit: 'ratio',
    help: 'Error budget of the run so far that is spent; above 1 the target is missed.',
  },
  {
    name: 'headway_job_step_deviation_ratio',
    labels: [JOB],
    unit: 'ratio',
    help: 'p90 of the newest 100 step times over the median of the 1,000 before.',
  },
  {
    name: 'headway_job_step_deviation_seconds',
    labels: [JOB],
    unit: 's',
    help: 'p90 of the newest 100 step times minus the median of the 1,000 before.',
  },
  {
    name: 'headway_job_last_productive_step',
    labels: [JOB],
    unit: 'count',
    help: 'Highest step that is complete and was not undone.',
  },
  {
    name: 'headway_job_excluded_seconds',
    labels: [JOB],
    unit: 's',
    help: 'Seconds of the run that the operator took out of the account.',
  },
  {
    name: 'headway_job_last_saved_step',
    labels: [JOB],
    unit: 'count',
    help: 'Step of the newest complete checkpoint: what a failure now would go back to.',
  },
  {
    name: 'headway_job_checkpoint_interval_seconds',
    labels: [
      JOB,
      {
        name: 'interval',
        values: ['in_use', 'young', 'daly', 'saxena'],
        help: 'from state to state as measured, or as a formula advises',
      },
    ],
    unit: 's',
    help: 'Time between two checkpoint saves: in use, and as advised from what saves and failures cost.',
  },
] as const satisfies readonly DerivedMetric[];

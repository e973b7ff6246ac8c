import { RELIABILITY_METRICS } from './reliability-metrics.ts';
import { STEP_METRICS } from './step-metrics.ts';

/**
 * The derived metrics: what the analyzer writes, the dashboards and alert rules read, and the generated reference
 * prints. Names and labels are a contract with everybody who has built a panel or an alert on them.
 */

/** Base units of the values, as in Prometheus: seconds, ratios 0..1, Unix seconds. `info` series are always 1. */
export type MetricUnit =
  | 's'
  | 'device_s'
  | 'ratio'
  | 'count'
  | 'tokens_per_s'
  | 'bytes_per_s'
  | 'unix_s'
  | 'info'
  | 'j'
  | 'w'
  | 'flops_per_w'
  | 'currency';

export interface MetricLabel {
  readonly name: string;
  /** The closed list of values, where there is one. */
  readonly values?: readonly string[];
  readonly help: string;
}

export interface DerivedMetric {
  readonly name: string;
  readonly labels: readonly MetricLabel[];
  readonly unit: MetricUnit;
  readonly help: string;
}

const JOB: MetricLabel = { name: 'job', help: 'the training job' };

export const JOB_STATES = ['starting', 'running', 'hang', 'silent', 'down', 'ended'] as const;
export const MFU_CONVENTIONS = ['mm_causal', 'mm_full', 'palm', 'six_n'] as const;

/** Every bucket of the ledger, in the order of `ledger.md`; each second of each device is in exactly one. */
export const LEDGER_BUCKETS = [
  'productive',
  'lost_work',
  'in_flight',
  'hang',
  'hang_or_unfinished',
  'silent',
  'startup',
  'program_startup',
  'init',
  'prep',
  'data_wait',
  'custom',
  'ckpt_save',
  'ckpt_restore',
  'elastic_slice_down',
  'elastic_scale_up',
  'elastic_reinit',
  'down',
  'down_detect',
  'down_localize',
  'down_wait_nodes',
  'excluded',
  'other',
] as const;

/** Everything that is called goodput, by name (`domain/report/ratios.ts`). */
export const NAMED_RATIOS = [
  'goodput_runtime',
  'ettr_with_queue',
  'goodput_saved_only',
  'effective_share',
  'mpg',
] as const;

/** From what was paid to kept model FLOPs, in order (`domain/report/effective-compute.ts`). */
export const COMPUTE_FACTORS = [
  'excluded',
  'scheduled',
  'running',
  'kept',
  'unblocked',
  'other',
  'counted',
  'ideal_step_time',
  'linearity',
  'baseline_mfu',
] as const;

/** Why productive time is longer than ideal. `faster` is what was below the ideal, and negative. */
export const SLOW_CAUSES = [
  'straggler',
  'exposed_communication',
  'data',
  'bubble',
  'checkpoint',
  'unknown',
  'faster',
] as const;

const DEFINITION: MetricLabel = { name: 'definition', help: 'how linearity is defined for this figure' };
const BUCKET: MetricLabel = { name: 'bucket', values: LEDGER_BUCKETS, help: 'ledger bucket' };
const CURRENCY: MetricLabel = { name: 'currency', help: 'what the price is in, empty when not configured' };
const CONVENTION: MetricLabel = {
  name: 'convention',
  values: MFU_CONVENTIONS,
  help: 'how model FLOPs are counted',
};
const INCIDENT: MetricLabel = { name: 'incident', help: 'id of the incident, stable over its life' };

export const DERIVED_METRICS = [
  {
    name: 'headway_job_info',
    labels: [
      JOB,
      { name: 'model', help: 'model preset or configuration' },
      { name: 'hardware', help: 'catalog key of the device' },
      { name: 'dtype', help: 'number format of the matrix multiplications' },
    ],
    unit: 'info',
    help: 'What the job runs and on what.',
  },
  {
    name: 'headway_job_devices',
    labels: [JOB],
    unit: 'count',
    help: 'Accelerators the job holds; the weight of its seconds.',
  },
  {
    name: 'headway_job_mfu_ratio',
    labels: [JOB, CONVENTION],
    unit: 'ratio',
    help: 'Model FLOPs per second over dense peak, on the step time of the last kept train steps, never on wall-clock.',
  },
  {
    name: 'headway_job_mfu_vs_baseline_ratio',
    labels: [JOB],
    unit: 'ratio',
    help: 'MFU now over the learned normal of the same job specification.',
  },
  {
    name: 'headway_job_spec_mismatch_ratio',
    labels: [
      JOB,
      { name: 'figure', help: 'the figure that the framework printed' },
      {
        name: 'explained_by',
        help: 'what would explain it: a convention, a denominator, a known mistake; or nothing',
      },
      {
        name: 'severity',
        values: ['info', 'warning'],
        help: 'info: a difference of definition; warning: a mistake, or nothing known explains it',
      },
    ],
    unit: 'ratio',
    help: 'How far a figure that the framework printed lies from the computed one, on the newest kept steps. Absent where they agree.',
  },
  {
    name: 'headway_job_ofu_ratio',
    labels: [JOB],
    unit: 'ratio',
    help: 'Tensor activity x SM clock over the clock of the peak, on the newest kept steps, from device telemetry. MFU above it is wrong.',
  },
  {
    name: 'headway_joules_per_token',
    labels: [JOB],
    unit: 'j',
    help: 'Energy of the devices for a token of the newest kept steps; hosts, network and cooling not included.',
  },
  {
    name: 'headway_joules_per_step',
    labels: [JOB],
    unit: 'j',
    help: 'Energy of all devices of the job for one of its newest kept steps.',
  },
  {
    name: 'headway_job_device_power_watts',
    labels: [JOB],
    unit: 'w',
    help: 'Mean power of a device of the job over its newest kept steps.',
  },
  {
    name: 'headway_flops_per_watt',
    labels: [JOB, CONVENTION],
    unit: 'flops_per_w',
    help: 'Model FLOP/s per watt of the devices on the newest kept steps, which is model FLOPs per joule.',
  },
  {
    name: 'headway_job_cost',
    labels: [JOB, BUCKET, { name: 'cause', help: 'the cause, empty when none is known' }, CURRENCY],
    unit: 'currency',
    help: 'Price of the device-hours of the run by bucket and cause. Present only where a price is known.',
  },
  {
    name: 'headway_cost_per_million_tokens',
    labels: [JOB, CURRENCY],
    unit: 'currency',
    help: 'Price of all device-hours held so far for a million tokens of kept steps.',
  },
  {
    name: 'headway_job_linearity_ratio',
    labels: [JOB, DEFINITION],
    unit: 'ratio',
    help: 'Tokens per second per device over that of the baseline job.',
  },
  {
    name: 'headway_job_linearity_vs_baseline_ratio',
    labels: [JOB, DEFINITION],
    unit: 'ratio',
    help: 'Linearity now over its own learned normal.',
  },
  {
    name: 'headway_job_goodput_ratio',
    labels: [
      JOB,
      { name: 'ratio', values: NAMED_RATIOS, help: 'which named ratio: what is divided by what' },
      { name: 'window', values: ['run', '1h', '5m'], help: 'the stretch of time it covers' },
    ],
    unit: 'ratio',
    help: 'What of the time came to something. goodput_runtime: productive seconds over (seconds in the window - excluded); the others in the report. Falls while a job hangs.',
  },
  {
    name: 'headway_effective_compute_ratio',
    labels: [
      JOB,
      {
        name: 'factor',
        values: [...COMPUTE_FACTORS, 'product'],
        help: 'what is left after it over what there was before; product: kept model FLOPs over peak x devices x time',
      },
    ],
    unit: 'ratio',
    help: 'The account of the run from paid device-time to kept model FLOPs (mm_causal); the factors multiply to the product.',
  },
  {
    name: 'headway_job_slow_seconds',
    labels: [JOB, { name: 'cause', values: SLOW_CAUSES, help: 'why the time was above the ideal' }],
    unit: 's',
    help: 'Productive seconds of the run above the ideal step time, cumulative; faster is negative.',
  },
  {
    name: 'headway_job_other_ratio',
    labels: [JOB, { name: 'window', values: ['1d'], help: 'the stretch of time it covers' }],
    unit: 'ratio',
    help: 'Seconds of the last day that no bucket has a name for, over a day.',
  },
  {
    name: 'headway_job_badput_seconds',
    labels: [JOB, BUCKET],
    unit: 's',
    help: 'Wall seconds of the run lost to a bucket, cumulative; revised when late events reclassify the past.',
  },
  {
    name: 'headway_job_device_seconds',
    labels: [JOB, BUCKET, { name: 'cause', help: 'the cause, empty when none is known' }],
    unit: 'device_s',
    help: 'Device-seconds of the run by bucket and cause, productive included: they sum to what was paid for.',
  },
  {
    name: 'headway_job_wall_seconds',
    labels: [JOB, BUCKET, { name: 'cause', help: 'the cause, empty when none is known' }],
    unit: 's',
    help: 'Wall seconds of the run by bucket and cause, productive included: they sum to its length. Known without a device count.',
  },
  {
    name: 'headway_job_step_seconds',
    labels: [JOB, { name: 'stat', values: ['last', 'median', 'p99'], help: 'which statistic' }],
    unit: 's',
    help: 'Time of a train step.',
  },
  {
    name: 'headway_job_tokens_per_second',
    labels: [JOB],
    unit: 'tokens_per_s',
    help: 'Tokens the whole job trains on in a second.',
  },
  {
    name: 'headway_job_revision',
    labels: [JOB],
    unit: 'count',
    help: 'How often the published account of the job was classified anew, its first publication included.',
  },
  {
    name: 'headway_job_last_step',
    labels: [JOB],
    unit: 'count',
    help: 'Number of the last step seen.',
  },
  {
    name: 'headway_job_last_step_timestamp_seconds',
    labels: [JOB],
    unit: 'unix_s',
    help: 'When the last step was seen.',
  },
  {
    name: 'headway_job_state',
    labels: [JOB, { name: 'state', values: JOB_STATES, help: 'the current state' }],
    unit: 'info',
    help: '1 for the current state; the series of the other states are absent.',
  },
  {
    name: 'headway_job_stalled_seconds',
    labels: [JOB],
    unit: 's',
    help: 'Seconds since the last progress. Present only while the job hangs, is silent or is down.',
  },
  {
    name: 'headway_incident_info',
    labels: [
      JOB,
      INCIDENT,
      { name: 'kind', help: 'interruption, hang, silence or slow-down' },
      { name: 'cause', help: 'the cause, empty while unknown' },
      { name: 'node', help: 'the node at fault, empty while unknown' },
      { name: 'device', help: 'the device at fault, empty while unknown' },
      {
        name: 'state',
        values: ['open', 'recovered', 'ended'],
        help: 'whether it is over; ended: the job was, before progress came back',
      },
    ],
    unit: 'info',
    help: 'One series for each incident of the job.',
  },
  {
    name: 'headway_incident_start_timestamp_seconds',
    labels: [JOB, INCIDENT],
    unit: 'unix_s',
    help: 'When the incident began: the failure, or the last progress before a hang or a silence.',
  },
  {
    name: 'headway_incident_phase_seconds',
    labels: [
      JOB,
      INCIDENT,
      {
        name: 'phase',
        values: ['detect', 'to_localize', 'to_nodes_ready', 'to_restart', 'to_first_step', 'to_regain'],
        help: 'rung of the repair ladder',
      },
    ],
    unit: 's',
    help: 'Seconds from the failure to each rung of its repair that was reached: detected, culprit named, nodes ready, started again, next step, progress regained.',
  },
  {
    name: 'headway_job_mttr_seconds',
    labels: [JOB, { name: 'stat', values: ['mean', 'median', 'p90', 'count'], help: 'which statistic' }],
    unit: 's',
    help: 'Time to recovery over the incidents of the job; `count` is how many it rests on.',
  },
  ...RELIABILITY_METRICS,
  ...STEP_METRICS,
] as const satisfies readonly DerivedMetric[];

export type DerivedMetricName = (typeof DERIVED_METRICS)[number]['name'];

const BY_NAME: ReadonlyMap<string, DerivedMetric> = new Map(
  DERIVED_METRICS.map((metric) => [metric.name, metric]),
);

/** The registry's row for a name; undefined for a series that is not derived here. */
export function derivedMetric(name: string): DerivedMetric | undefined {
  return BY_NAME.get(name);
}

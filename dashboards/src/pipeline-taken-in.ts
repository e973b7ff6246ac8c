import { type Panel, steps } from './panel.ts';
import { stat, timeseries } from './query-panels.ts';

const JOB = 'job="$job"';
const ABSENT = 'no /metrics of Headway in this range';

/** What is taken in and what waits: a row of four numbers, two rows of curves. */
export function pipelineTakenInPanels(y: number): readonly Panel[] {
  return [
    stat(
      {
        id: 101,
        title: 'Data behind, at most',
        description: 'Age of the oldest acknowledged data that is not in the tables, in Kafka or a spool.',
        at: { x: 0, y, w: 6, h: 4 },
      },
      {
        unit: 's',
        noValue: ABSENT,
        thresholds: steps('green', [60, 'orange'], [300, 'red']),
        queries: [
          {
            expr: `max(headway_bus_kafka_lag_seconds{${JOB}} or headway_bus_spool_oldest_age_seconds{${JOB}} or 0 * headway_bus_spool_bytes{${JOB}})`,
            legend: 'behind',
          },
        ],
      },
    ),
    stat(
      {
        id: 102,
        title: 'Collectors in an outage',
        description: 'Collectors that keep batches on their disk, because Kafka does not take them.',
        at: { x: 6, y, w: 6, h: 4 },
      },
      {
        unit: 'none',
        noValue: 'no collector of a cluster in this range',
        thresholds: steps('green', [1, 'red']),
        queries: [{ expr: `sum(headway_bus_outage{${JOB}})`, legend: 'collectors' }],
      },
    ),
    stat(
      {
        id: 103,
        title: 'Spool used, at most',
        description: 'Waiting bytes of the fullest spool over its limit; at 100 % senders are refused.',
        at: { x: 12, y, w: 6, h: 4 },
      },
      {
        unit: 'percentunit',
        decimals: 1,
        noValue: ABSENT,
        thresholds: steps('green', [0.5, 'orange'], [0.8, 'red']),
        queries: [
          {
            expr: `max(headway_bus_spool_waiting_bytes{${JOB}} / headway_bus_spool_limit_bytes{${JOB}})`,
            legend: 'used',
          },
        ],
      },
    ),
    stat(
      {
        id: 104,
        title: 'Dead letters, last hour',
        description: 'Acknowledged data that no table took; `headway dead-letters list` names each.',
        at: { x: 18, y, w: 6, h: 4 },
      },
      {
        unit: 'none',
        decimals: 0,
        noValue: ABSENT,
        thresholds: steps('green', [1, 'orange']),
        queries: [{ expr: `sum(increase(headway_bus_dead_letters_total{${JOB}}[1h]))`, legend: 'letters' }],
      },
    ),
    timeseries(
      {
        id: 110,
        title: 'Acknowledged and brought to the tables',
        description: 'Batches a second, all processes together. Both lines agree when nothing piles up.',
        at: { x: 0, y: y + 4, w: 8, h: 8 },
      },
      {
        unit: 'suffix: batches/s',
        min: 0,
        noValue: ABSENT,
        queries: [
          { expr: `sum(rate(headway_bus_published_batches_total{${JOB}}[1m]))`, legend: 'acknowledged' },
          { expr: `sum(rate(headway_bus_delivered_batches_total{${JOB}}[1m]))`, legend: 'in the tables' },
        ],
      },
    ),
    timeseries(
      {
        id: 111,
        title: 'Refused to senders, by reason',
        description: 'Publishes a second that were not acknowledged; their senders still have the data.',
        at: { x: 8, y: y + 4, w: 8, h: 8 },
      },
      {
        unit: 'suffix: /s',
        min: 0,
        noValue: 'nothing was refused in this range',
        queries: [
          {
            expr: `sum by (reason) (rate(headway_bus_refused_publishes_total{${JOB}}[1m]))`,
            legend: '{{reason}}',
          },
        ],
      },
    ),
    timeseries(
      {
        id: 112,
        title: 'Time to acknowledge',
        description: 'From handing batches to the bus to their acknowledgement, by process, 99th percentile.',
        at: { x: 16, y: y + 4, w: 8, h: 8 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'nothing was published in this range',
        queries: [
          {
            expr: `histogram_quantile(0.99, sum by (instance, le) (rate(headway_bus_publish_duration_seconds_bucket{${JOB}}[1m])))`,
            legend: '{{instance}}',
          },
        ],
      },
    ),
    timeseries(
      {
        id: 113,
        title: 'Waiting on disk',
        description: 'Bytes of each spool that are acknowledged and not handed on yet.',
        at: { x: 0, y: y + 12, w: 8, h: 8 },
      },
      {
        unit: 'suffix: B',
        min: 0,
        noValue: ABSENT,
        queries: [{ expr: `headway_bus_spool_waiting_bytes{${JOB}}`, legend: '{{instance}}' }],
      },
    ),
    timeseries(
      {
        id: 114,
        title: 'Outage, taken in and drained',
        description:
          'Batches a second that collectors put on their disks, and that they handed on from there.',
        at: { x: 8, y: y + 12, w: 8, h: 8 },
      },
      {
        unit: 'suffix: batches/s',
        min: 0,
        noValue: 'no collector of a cluster in this range',
        queries: [
          { expr: `sum(rate(headway_bus_spooled_batches_total{${JOB}}[1m]))`, legend: 'to the disk' },
          { expr: `sum(rate(headway_bus_drained_batches_total{${JOB}}[1m]))`, legend: 'from the disk' },
        ],
      },
    ),
    timeseries(
      {
        id: 115,
        title: 'Requests to Kafka',
        description: 'Writes a second; failed ones are sent again.',
        at: { x: 16, y: y + 12, w: 8, h: 8 },
      },
      {
        unit: 'suffix: /s',
        min: 0,
        noValue: 'no collector of a cluster in this range',
        queries: [
          { expr: `sum(rate(headway_bus_kafka_requests_total{${JOB}}[1m]))`, legend: 'all' },
          { expr: `sum(rate(headway_bus_kafka_failed_requests_total{${JOB}}[1m]))`, legend: 'failed' },
        ],
      },
    ),
  ];
}

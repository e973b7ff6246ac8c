import type { Panel } from './panel.ts';
import { timeseries } from './query-panels.ts';

const JOB = 'job="$job"';
const NO_ANALYZER = 'no analyzer of a cluster in this range';

/** What is handed on to the tables, and what is not: three rows of curves. */
export function pipelineHandedOnPanels(y: number): readonly Panel[] {
  return [
    timeseries(
      {
        id: 120,
        title: 'Behind, by partition',
        description: 'How far the tables are behind each partition of the topic, in time.',
        at: { x: 0, y, w: 8, h: 8 },
      },
      {
        unit: 's',
        min: 0,
        noValue: NO_ANALYZER,
        queries: [
          { expr: `max by (partition) (headway_bus_kafka_lag_seconds{${JOB}})`, legend: '{{partition}}' },
        ],
      },
    ),
    timeseries(
      {
        id: 121,
        title: 'Messages behind, by partition',
        description: 'Messages of each partition that are not in the tables yet.',
        at: { x: 8, y, w: 8, h: 8 },
      },
      {
        unit: 'short',
        min: 0,
        noValue: NO_ANALYZER,
        queries: [
          { expr: `max by (partition) (headway_bus_kafka_lag_messages{${JOB}})`, legend: '{{partition}}' },
        ],
      },
    ),
    timeseries(
      {
        id: 122,
        title: 'Partitions by analyzer',
        description: 'A dealing anew shows as a step; together they are all partitions of the topic.',
        at: { x: 16, y, w: 8, h: 8 },
      },
      {
        unit: 'none',
        min: 0,
        noValue: NO_ANALYZER,
        queries: [{ expr: `headway_bus_kafka_assigned_partitions{${JOB}}`, legend: '{{instance}}' }],
      },
    ),
    timeseries(
      {
        id: 123,
        title: 'One delivery into the tables',
        description: 'Median and 99th percentile of all processes, failed deliveries included.',
        at: { x: 0, y: y + 8, w: 8, h: 8 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'nothing was delivered in this range',
        queries: [0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (rate(headway_bus_delivery_duration_seconds_bucket{${JOB}}[1m])))`,
          legend: `p${quantile * 100}`,
        })),
      },
    ),
    timeseries(
      {
        id: 124,
        title: 'Failed, repeated, copies, fenced',
        description:
          'What exactly-once has to deal with, a second: none of it is a loss or a double. It rises with crashes, outages and dealings anew.',
        at: { x: 8, y: y + 8, w: 8, h: 8 },
      },
      {
        unit: 'suffix: /s',
        min: 0,
        noValue: 'nothing of the kind in this range',
        queries: [
          { expr: `sum(rate(headway_bus_failed_deliveries_total{${JOB}}[1m]))`, legend: 'failed deliveries' },
          {
            expr: `sum(rate(headway_bus_repeated_deliveries_total{${JOB}}[1m]))`,
            legend: 'repeated deliveries',
          },
          { expr: `sum(rate(headway_bus_kafka_copies_total{${JOB}}[1m]))`, legend: 'copies left out' },
          { expr: `sum(rate(headway_bus_kafka_fenced_total{${JOB}}[1m]))`, legend: 'fenced' },
        ],
      },
    ),
    timeseries(
      {
        id: 125,
        title: 'Dead letters, by reason',
        description: 'Put aside in the last 5 minutes: kept, and in no account until sent again.',
        at: { x: 16, y: y + 8, w: 8, h: 8 },
      },
      {
        unit: 'short',
        min: 0,
        noValue: 'no /metrics of Headway in this range',
        queries: [
          {
            expr: `sum by (reason) (increase(headway_bus_dead_letters_total{${JOB}}[5m]))`,
            legend: '{{reason}}',
          },
        ],
      },
    ),
    timeseries(
      {
        id: 126,
        title: 'Speed of catching up, times real time',
        description:
          'How much time of the topic goes into the tables in a second: 0 while nothing does, above 1 while what is behind becomes less, 1 when nothing is.',
        at: { x: 0, y: y + 16, w: 12, h: 8 },
      },
      {
        unit: 'suffix: x',
        min: 0,
        noValue: NO_ANALYZER,
        queries: [
          {
            expr: `1 - max by (partition) (deriv(headway_bus_kafka_lag_seconds{${JOB}}[2m]))`,
            legend: '{{partition}}',
          },
        ],
      },
    ),
    timeseries(
      {
        id: 127,
        title: 'Tables not reached',
        description:
          'Tries that failed, a second: what is taken in waits in Kafka until the tables are back.',
        at: { x: 12, y: y + 16, w: 12, h: 8 },
      },
      {
        unit: 'suffix: /s',
        min: 0,
        noValue: NO_ANALYZER,
        queries: [
          {
            expr: `sum by (instance) (rate(headway_bus_kafka_failed_positions_total{${JOB}}[1m]) + rate(headway_bus_failed_deliveries_total{${JOB}}[1m]))`,
            legend: '{{instance}}',
          },
        ],
      },
    ),
  ];
}

/**
 * What the pipeline measures of itself: the metrics of the bus on `/metrics` of each process, which dashboards and alert
 * rules read once the page is scraped. Names and labels are a contract, as those of the derived metrics are.
 */

export type PipelineMetricKind = 'counter' | 'gauge' | 'histogram';

/** Which processes have it. `embedded` is the product in one process. */
export type PipelineRole = 'embedded' | 'collector' | 'analyzer';

export interface PipelineLabel {
  readonly name: string;
  readonly values?: readonly string[];
}

export interface PipelineMetric {
  readonly name: `headway_bus_${string}`;
  readonly kind: PipelineMetricKind;
  readonly labels: readonly PipelineLabel[];
  readonly roles: readonly PipelineRole[];
  readonly help: string;
}

const TAKES_IN: readonly PipelineRole[] = ['embedded', 'collector'];
const HANDS_ON: readonly PipelineRole[] = ['embedded', 'analyzer'];
const COLLECTOR: readonly PipelineRole[] = ['collector'];
const ANALYZER: readonly PipelineRole[] = ['analyzer'];
const ALL: readonly PipelineRole[] = ['embedded', 'collector', 'analyzer'];

const PARTITION: PipelineLabel = { name: 'partition' };
const REFUSALS = ['spool_full', 'disk_full', 'closed', 'batch_too_large', 'unreachable'] as const;
const LETTERS = [
  'bad_lines',
  'unreadable',
  'unknown_schema',
  'bad_body',
  'refused_by_tables',
  'too_large',
  'too_old',
] as const;

/** In the order in which data goes through. */
export const PIPELINE_METRICS = [
  {
    name: 'headway_bus_published_batches_total',
    kind: 'counter',
    labels: [],
    roles: TAKES_IN,
    help: 'Batches that were acknowledged: they survive a crash.',
  },
  {
    name: 'headway_bus_published_bytes_total',
    kind: 'counter',
    labels: [],
    roles: TAKES_IN,
    help: 'Bytes of their bodies.',
  },
  {
    name: 'headway_bus_publish_duration_seconds',
    kind: 'histogram',
    labels: [],
    roles: TAKES_IN,
    help: 'From handing batches to the bus to their acknowledgement.',
  },
  {
    name: 'headway_bus_refused_publishes_total',
    kind: 'counter',
    labels: [{ name: 'reason', values: REFUSALS }],
    roles: TAKES_IN,
    help: 'Publishes that were not acknowledged, by reason: their senders still have the data.',
  },
  {
    name: 'headway_bus_spool_bytes',
    kind: 'gauge',
    labels: [],
    roles: TAKES_IN,
    help: 'Bytes of the spool on disk.',
  },
  {
    name: 'headway_bus_spool_limit_bytes',
    kind: 'gauge',
    labels: [],
    roles: TAKES_IN,
    help: 'Bytes that the spool may take; past them publishes are refused.',
  },
  {
    name: 'headway_bus_spool_waiting_bytes',
    kind: 'gauge',
    labels: [],
    roles: TAKES_IN,
    help: 'Bytes of the spool that are acknowledged and not handed on yet: to the tables, in a collector to Kafka.',
  },
  {
    name: 'headway_bus_spool_oldest_age_seconds',
    kind: 'gauge',
    labels: [],
    roles: TAKES_IN,
    help: 'Age of the oldest batch of the spool that is not handed on yet; absent when all are.',
  },
  {
    name: 'headway_bus_spool_damaged_bytes_total',
    kind: 'counter',
    labels: [],
    roles: TAKES_IN,
    help: 'Bytes of the spool that did not match their checksum: kept aside, never handed on.',
  },
  {
    name: 'headway_bus_outage',
    kind: 'gauge',
    labels: [],
    roles: COLLECTOR,
    help: '1 while batches go to the disk because the brokers did not take them, or what is there is not handed on yet; else 0.',
  },
  {
    name: 'headway_bus_outage_seconds',
    kind: 'gauge',
    labels: [],
    roles: COLLECTOR,
    help: 'How long that has gone on; 0 when it does not.',
  },
  {
    name: 'headway_bus_outages_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Times that batches began to go to the disk.',
  },
  {
    name: 'headway_bus_spooled_batches_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Batches that went to the disk in outages.',
  },
  {
    name: 'headway_bus_drained_batches_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Batches that were handed on from the disk, those that an earlier process left among them.',
  },
  {
    name: 'headway_bus_kafka_outstanding_bytes',
    kind: 'gauge',
    labels: [],
    roles: COLLECTOR,
    help: 'Bytes of bodies that wait for Kafka to acknowledge them.',
  },
  {
    name: 'headway_bus_kafka_outstanding_calls',
    kind: 'gauge',
    labels: [],
    roles: COLLECTOR,
    help: 'Publishes that wait for Kafka to acknowledge them.',
  },
  {
    name: 'headway_bus_kafka_topic_partitions',
    kind: 'gauge',
    labels: [],
    roles: COLLECTOR,
    help: 'Partitions that the topic has; absent until it was seen.',
  },
  {
    name: 'headway_bus_kafka_refused',
    kind: 'gauge',
    labels: [{ name: 'reason', values: ['credentials', 'certificate', 'encryption', 'rights'] }],
    roles: COLLECTOR,
    help: '1 while Kafka does not let the collector in, or write: what is taken in stays on its disk until that is mended.',
  },
  {
    name: 'headway_bus_kafka_requests_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Requests to write, each of one partition.',
  },
  {
    name: 'headway_bus_kafka_failed_requests_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Of these, those that were not acknowledged; what they held is sent again.',
  },
  {
    name: 'headway_bus_kafka_unfounded_successes_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Of these, those that the client called a success although the brokers did not say so.',
  },
  {
    name: 'headway_bus_kafka_acknowledged_batches_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Batches that all in-sync replicas have.',
  },
  {
    name: 'headway_bus_kafka_acknowledged_bytes_total',
    kind: 'counter',
    labels: [],
    roles: COLLECTOR,
    help: 'Bytes of their bodies.',
  },
  {
    name: 'headway_bus_kafka_lag_messages',
    kind: 'gauge',
    labels: [PARTITION],
    roles: ANALYZER,
    help: 'Messages of a partition that are not in the tables yet. A partition is measured by the analyzer that reads it.',
  },
  {
    name: 'headway_bus_kafka_lag_seconds',
    kind: 'gauge',
    labels: [PARTITION],
    roles: ANALYZER,
    help: 'How far the tables are behind a partition, in time: an upper bound of the age of its oldest message that is not stored.',
  },
  {
    name: 'headway_bus_kafka_next_offset',
    kind: 'gauge',
    labels: [PARTITION],
    roles: ANALYZER,
    help: 'Everything of a partition before this offset is in the tables.',
  },
  {
    name: 'headway_bus_kafka_assigned_partitions',
    kind: 'gauge',
    labels: [],
    roles: ANALYZER,
    help: 'Partitions that the group dealt to this analyzer.',
  },
  {
    name: 'headway_bus_kafka_silent_seconds',
    kind: 'gauge',
    labels: [],
    roles: ANALYZER,
    help: 'Since the client of Kafka last did anything; past kafka.reader.stall_timeout_s the process ends.',
  },
  {
    name: 'headway_bus_kafka_messages_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Messages read.',
  },
  {
    name: 'headway_bus_kafka_foreign_messages_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Of these, those that no collector of Headway wrote.',
  },
  {
    name: 'headway_bus_kafka_refused_lines_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Lines of foreign messages that are no events; they are dead letters.',
  },
  {
    name: 'headway_bus_kafka_copies_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Messages left out because they were there before: a request that was sent twice is no loss and no double.',
  },
  {
    name: 'headway_bus_kafka_skipped_sequences_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Numbers of a collector that never came: batches that it refused to their senders after numbering them.',
  },
  {
    name: 'headway_bus_kafka_fenced_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Partitions given up because another analyzer claimed them.',
  },
  {
    name: 'headway_bus_kafka_lost_messages_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Messages, at most, that retention deleted before they were read.',
  },
  {
    name: 'headway_bus_kafka_changed_logs_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Partitions that were made anew, or lost their end, while they were read.',
  },
  {
    name: 'headway_bus_kafka_failed_positions_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Times that the tables did not take, or give, how far a partition is; each is tried again.',
  },
  {
    name: 'headway_bus_kafka_failed_commits_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Positions that Kafka was not told; they are safe in the tables.',
  },
  {
    name: 'headway_bus_kafka_joins_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Times that partitions were dealt to this analyzer.',
  },
  {
    name: 'headway_bus_kafka_client_restarts_total',
    kind: 'counter',
    labels: [],
    roles: ANALYZER,
    help: 'Breakdowns of the client of Kafka that it recovered from by itself.',
  },
  {
    name: 'headway_bus_delivered_batches_total',
    kind: 'counter',
    labels: [],
    roles: HANDS_ON,
    help: 'Batches that were brought to the tables.',
  },
  {
    name: 'headway_bus_delivered_rows_total',
    kind: 'counter',
    labels: [],
    roles: HANDS_ON,
    help: 'Rows of these batches.',
  },
  {
    name: 'headway_bus_delivery_duration_seconds',
    kind: 'histogram',
    labels: [],
    roles: HANDS_ON,
    help: 'One delivery into the tables, failed ones included.',
  },
  {
    name: 'headway_bus_failed_deliveries_total',
    kind: 'counter',
    labels: [],
    roles: HANDS_ON,
    help: 'Deliveries into the tables that failed; each is tried again.',
  },
  {
    name: 'headway_bus_repeated_deliveries_total',
    kind: 'counter',
    labels: [],
    roles: HANDS_ON,
    help: 'Deliveries that may have been done before, in part or whole, by a process that is gone or a try that failed.',
  },
  {
    name: 'headway_bus_dead_letters_total',
    kind: 'counter',
    labels: [{ name: 'reason', values: LETTERS }],
    roles: ALL,
    help: 'What was put aside because nothing can be done with it, by reason.',
  },
  {
    name: 'headway_bus_dead_letter_failures_total',
    kind: 'counter',
    labels: [],
    roles: ALL,
    help: 'Letters that could not be put aside: the delivery they belong to waits, and everything behind it.',
  },
] as const satisfies readonly PipelineMetric[];

export type PipelineMetricName = (typeof PIPELINE_METRICS)[number]['name'];

const BY_NAME: ReadonlyMap<string, PipelineMetric> = new Map(
  PIPELINE_METRICS.map((metric) => [metric.name, metric]),
);

/** The row of a name as it stands on `/metrics` (`_bucket`, `_sum` and `_count` of a histogram are its parts). */
export function pipelineMetric(name: string): PipelineMetric | undefined {
  const own = BY_NAME.get(name);
  if (own !== undefined) return own;
  const whole = BY_NAME.get(name.replace(/_(bucket|sum|count)$/, ''));
  return whole?.kind === 'histogram' ? whole : undefined;
}

import type { AlertRule } from './alert-rule.ts';
import type { AlertThresholds } from './thresholds.ts';

/**
 * What speaks of the pipeline and not of a job: how data gets to the tables. The rules read `/metrics` of Headway's own
 * processes, which somebody has to scrape; `instance` is the process.
 */
export function pipelineRules(thresholds: AlertThresholds): readonly AlertRule[] {
  return [
    dataLost(),
    spoolFilling(thresholds),
    lettersFull(thresholds),
    dataLate(thresholds),
    collectorOut(thresholds),
    deadLetters(thresholds),
  ];
}

/** No job, no panel of the job overview, nothing to be paid for. */
const OF_PIPELINE = { except: null, page: null, panelId: null, cost: 'none' } as const;
const VALUE = '{{ $value | humanize }}';
const GRAFANA_VALUE = '{{ humanize $values.A.Value }}';

function dataLost(): AlertRule {
  return {
    ...OF_PIPELINE,
    name: 'HeadwayDataLost',
    severity: 'page',
    measure:
      'sum by (instance) (increase(headway_bus_kafka_lost_messages_total[1h]) or increase(headway_bus_spool_damaged_bytes_total[1h]))',
    comparison: { operator: 'gt', threshold: 0 },
    for_s: 0,
    keep_firing_s: 0,
    summary: `{{ $labels.instance }} missed acknowledged data: ${VALUE} messages or bytes in the last hour`,
    cause:
      'retention deleted messages before an analyzer read them, or bytes of a spool were damaged on disk',
    grafanaSummary: `{{ $labels.instance }} missed acknowledged data: ${GRAFANA_VALUE} messages or bytes in the last hour`,
    impact: 'Events and samples that were acknowledged are not in the tables.',
    action:
      'Raise the retention of the topic at once, so that no more goes, then bring the analyzers to speed.',
    runbook: {
      meaning:
        'Headway acknowledges data when it would survive a crash and then brings it to the tables. Two things can take it away in between: Kafka deletes messages that are older than the retention of the topic, read or not; and a disk can give back other bytes than were written.',
      impact:
        'Accounts of the time that is missing are short of it: seconds without steps count as other time.',
      diagnosis: [
        {
          look: 'Messages that were deleted unread, at most.',
          query: 'increase(headway_bus_kafka_lost_messages_total[1d])',
        },
        {
          look: 'Bytes of a spool that failed their checksum; the log of the process names the file with a copy of them.',
          query: 'increase(headway_bus_spool_damaged_bytes_total[1d])',
        },
        { look: 'Whether the analyzers still lag.', query: 'headway_bus_kafka_lag_seconds' },
      ],
      mitigation: [
        'Raise `retention.ms` of the topic (kafka.retention_hours is for new topics) beyond the longest time that the tables may be away.',
        'Senders that keep their logs can send again: `headway import` of the same log changes nothing that is there.',
        'Damaged bytes: look at the disk (`dmesg`, SMART) before anything else is written to it.',
      ],
      falseAlarms: [
        'An upper bound is counted: offsets that held no message, such as the ends of transactions, count as well.',
      ],
    },
  };
}

function spoolFilling({ spool_full_ratio, pipeline_for_s, keep_firing_s }: AlertThresholds): AlertRule {
  return {
    ...OF_PIPELINE,
    name: 'HeadwaySpoolFilling',
    severity: 'page',
    measure: 'max by (instance) (headway_bus_spool_waiting_bytes / headway_bus_spool_limit_bytes)',
    comparison: { operator: 'gt', threshold: spool_full_ratio },
    for_s: pipeline_for_s,
    keep_firing_s,
    summary: '{{ $labels.instance }} has used {{ $value | humanizePercentage }} of its spool',
    cause: 'what the spool holds is not taken: the tables, or in a collector Kafka, are away or too slow',
    grafanaSummary: '{{ $labels.instance }} has used {{ humanizePercentage $values.A.Value }} of its spool',
    impact: 'When it is full, senders are refused with 503 and have to keep their data themselves.',
    action:
      'Bring back what does not take the data: Kafka for a collector, the tables for an embedded Headway.',
    runbook: {
      meaning:
        'The spool holds what is acknowledged and not handed on yet. It is bounded by spool.spool_bytes_max; past that nothing more is acknowledged.',
      impact:
        'Nothing is lost so far. Once senders are refused, those that do not try again lose what they have.',
      diagnosis: [
        { look: 'How old the oldest batch is.', query: 'headway_bus_spool_oldest_age_seconds' },
        { look: 'Whether it is an outage of Kafka.', query: 'headway_bus_outage_seconds > 0' },
        {
          look: 'Whether deliveries into the tables fail; the log says why.',
          query: 'rate(headway_bus_failed_deliveries_total[5m])',
        },
        {
          look: 'When it will be full at this pace, seconds.',
          query:
            '(headway_bus_spool_limit_bytes - headway_bus_spool_waiting_bytes) / deriv(headway_bus_spool_waiting_bytes[10m])',
        },
      ],
      mitigation: [
        'A collector: bring Kafka back; it drains by itself and in order.',
        'An embedded Headway: read the log for failed deliveries (a full disk, a dead letter folder that is full), mend that.',
        'With room on the disk, raise spool.spool_bytes_max and start the process anew: what is in the spool stays.',
      ],
      falseAlarms: ['A limit that is small for the load: a burst fills it and drains in seconds.'],
    },
  };
}

function lettersFull({ pipeline_for_s, keep_firing_s }: AlertThresholds): AlertRule {
  return {
    ...OF_PIPELINE,
    name: 'HeadwayDeadLettersStuck',
    severity: 'page',
    measure: 'sum by (instance) (increase(headway_bus_dead_letter_failures_total[5m]))',
    comparison: { operator: 'gt', threshold: 0 },
    for_s: pipeline_for_s,
    keep_firing_s,
    summary: `{{ $labels.instance }} cannot put dead letters aside: ${VALUE} tries in 5 minutes`,
    cause: 'their folder is full or cannot be written, or their topic is not there',
    grafanaSummary: `{{ $labels.instance }} cannot put dead letters aside: ${GRAFANA_VALUE} tries in 5 minutes`,
    impact: 'Everything behind the letter waits, so that nothing acknowledged is lost.',
    action: 'Make room: `headway dead-letters list`, send again or move away what is there.',
    runbook: {
      meaning:
        'Data that no table takes is put aside with its reason before anything behind it goes on. That fails, so the pipeline stands still at this place and tries again.',
      impact: 'No data of this process, or of the partition, reaches the tables until the letter can be put.',
      diagnosis: [
        {
          look: 'What is being put aside, by reason.',
          query: 'increase(headway_bus_dead_letters_total[1d])',
        },
        { look: 'How far behind the tables are.', query: 'headway_bus_kafka_lag_seconds' },
        { look: 'The same of a spool.', query: 'headway_bus_spool_oldest_age_seconds' },
      ],
      mitigation: [
        'The log line "delivery failed" names the problem.',
        'Folder full: `headway dead-letters replay --all`, or move the folder `dead-letter` away, or raise dead_letters.folder_bytes_max.',
        'Topic missing: let the analyzers make topics, or make `<topic>.dead-letter` with one partition.',
      ],
      falseAlarms: ['Brokers that change their leader: the next try succeeds.'],
    },
  };
}

function dataLate({ data_late_s, pipeline_for_s, keep_firing_s }: AlertThresholds): AlertRule {
  return {
    ...OF_PIPELINE,
    name: 'HeadwayDataLate',
    severity: 'ticket',
    measure: 'max by (instance) (headway_bus_kafka_lag_seconds or headway_bus_spool_oldest_age_seconds)',
    comparison: { operator: 'gt', threshold: data_late_s, recovery: data_late_s / 2 },
    for_s: pipeline_for_s,
    keep_firing_s,
    summary: '{{ $labels.instance }} is {{ $value | humanizeDuration }} behind with acknowledged data',
    cause: 'the tables are away or too slow, an analyzer is gone, or more comes than it can take',
    grafanaSummary:
      '{{ $labels.instance }} is {{ humanizeDuration $values.A.Value }} behind with acknowledged data',
    impact: 'Figures, alerts and pages about jobs are as old as that.',
    action: 'Look whether deliveries fail or only take long, then mend the tables or start more analyzers.',
    runbook: {
      meaning:
        'The oldest acknowledged data that is not in the tables is older than that: in Kafka (by partition), or in a spool.',
      impact: 'Nothing is lost while retention and spool last. A hang of a job is noticed late by as much.',
      diagnosis: [
        { look: 'Which partitions.', query: 'headway_bus_kafka_lag_seconds' },
        { look: 'Whether the lag grows or shrinks.', query: 'deriv(headway_bus_kafka_lag_messages[10m])' },
        {
          look: 'Failed deliveries: the tables refuse, or are away.',
          query: 'rate(headway_bus_failed_deliveries_total[5m])',
        },
        {
          look: 'The same before anything is delivered: positions are in the tables, too.',
          query: 'rate(headway_bus_kafka_failed_positions_total[5m])',
        },
        {
          look: 'How long a delivery takes.',
          query: 'histogram_quantile(0.99, rate(headway_bus_delivery_duration_seconds_bucket[5m]))',
        },
        {
          look: 'Partitions that nobody reads would be missing here.',
          query: 'headway_bus_kafka_assigned_partitions',
        },
      ],
      mitigation: [
        'Tables away: bring them back; what waits is delivered by itself, each batch once.',
        'Tables slow: look at merges and disk of ClickHouse.',
        'Analyzers busy: start more, up to one a partition.',
      ],
      falseAlarms: ['After a long outage: it shrinks by itself.'],
    },
  };
}

function collectorOut({ outage_s, keep_firing_s }: AlertThresholds): AlertRule {
  return {
    ...OF_PIPELINE,
    name: 'HeadwayCollectorOut',
    severity: 'ticket',
    measure: 'max by (instance) (headway_bus_outage_seconds)',
    comparison: { operator: 'gt', threshold: outage_s },
    for_s: 0,
    keep_firing_s,
    summary: '{{ $labels.instance }} has kept batches on its disk for {{ $value | humanizeDuration }}',
    cause: 'Kafka does not acknowledge, or what was kept is not drained yet',
    grafanaSummary:
      '{{ $labels.instance }} has kept batches on its disk for {{ humanizeDuration $values.A.Value }}',
    impact: 'Nothing is lost, but what this collector takes in reaches the tables only after the outage.',
    action: 'See whether Kafka is up and reachable from the collector.',
    runbook: {
      meaning:
        'Kafka did not acknowledge a batch within kafka.writer.publish_timeout_s. Since then the collector keeps batches on its disk, tries Kafka again and again, and hands on in order once it is back.',
      impact: 'The disk of the collector is now the only copy of what it took in.',
      diagnosis: [
        { look: 'How much is kept.', query: 'headway_bus_spool_waiting_bytes' },
        {
          look: 'Whether Kafka refuses it, and why; its log and /readyz say what to mend.',
          query: 'headway_bus_kafka_refused == 1',
        },
        {
          look: 'Whether requests fail, or none is made.',
          query: 'rate(headway_bus_kafka_failed_requests_total[5m])',
        },
        { look: 'Whether it drains.', query: 'rate(headway_bus_drained_batches_total[5m])' },
      ],
      mitigation: [
        'Brokers: enough in-sync replicas (kafka.min_insync_replicas), disks with room, the network.',
        'One collector only: its network, its names in DNS, its access to the topic.',
      ],
      falseAlarms: ['A long drain after an outage: the spool shrinks.'],
    },
  };
}

function deadLetters({ keep_firing_s }: AlertThresholds): AlertRule {
  return {
    ...OF_PIPELINE,
    name: 'HeadwayDeadLetters',
    severity: 'ticket',
    measure: 'sum by (instance, reason) (increase(headway_bus_dead_letters_total[15m]))',
    comparison: { operator: 'gt', threshold: 0 },
    for_s: 0,
    keep_firing_s,
    summary: `{{ $labels.instance }} put ${VALUE} dead letters aside in 15 minutes ({{ $labels.reason }})`,
    cause: '{{ $labels.reason }}',
    grafanaSummary: `{{ $labels.instance }} put ${GRAFANA_VALUE} dead letters aside in 15 minutes ({{ $labels.reason }})`,
    impact: 'This data is kept and in no account until it is sent again.',
    action:
      '`headway dead-letters list` names each with its reason; mend the cause, then `headway dead-letters replay`.',
    runbook: {
      meaning:
        'Acknowledged data that no table takes is put aside with its reason, its bytes and where it came from.',
      impact: 'The rest goes on. What was put aside is missing in accounts and figures.',
      diagnosis: [
        { look: 'How many, by reason.', query: 'increase(headway_bus_dead_letters_total[1d])' },
        {
          look: 'Lines of foreign producers that are no events.',
          query: 'increase(headway_bus_kafka_refused_lines_total[1d])',
        },
      ],
      mitigation: [
        '`bad_lines`: the producer writes what is no event; `headway dead-letters show NAME` says line and reason.',
        '`unknown_schema`, `unreadable`: a collector is newer than the analyzers; bring those to its version, then replay.',
        '`refused_by_tables`, `bad_body`: keep the letter and report it with `show --json`.',
        '`too_large`: the topic takes less than it did; raise `max.message.bytes`, then replay.',
        '`too_old`: it waited on a collector for longer than `spool.age_max_days`, and Kafka may have taken it before; ' +
          'look whether its events are in the tables, and replay it when they are not.',
      ],
      falseAlarms: [],
    },
  };
}

import type { Counters, GaugeReading } from '../../telemetry/counters.ts';
import { busInstruments } from '../bus-instruments.ts';
import type { KafkaReader, PartitionStats } from './reader.ts';
import { FINAL_REFUSALS } from './refusal.ts';
import type { KafkaWriter } from './writer.ts';

export function measureKafkaWriter(counters: Counters, writer: Pick<KafkaWriter, 'stats'>): void {
  const instruments = busInstruments(counters);
  instruments.gauge('headway_bus_kafka_outstanding_bytes', () => writer.stats().outstanding_bytes);
  instruments.gauge('headway_bus_kafka_outstanding_calls', () => writer.stats().outstanding);
  instruments.gauge('headway_bus_kafka_topic_partitions', () => writer.stats().partitions ?? undefined);
  instruments.gauge('headway_bus_kafka_refused', () => {
    const code = writer.stats().refusal?.code;
    return FINAL_REFUSALS.map((reason) => ({ value: reason === code ? 1 : 0, labels: { reason } }));
  });
  instruments.total('headway_bus_kafka_requests_total', () => writer.stats().requests);
  instruments.total('headway_bus_kafka_failed_requests_total', () => writer.stats().failed_requests);
  instruments.total('headway_bus_kafka_unfounded_successes_total', () => writer.stats().unfounded_successes);
  instruments.total(
    'headway_bus_kafka_acknowledged_batches_total',
    () => writer.stats().acknowledged_batches,
  );
  instruments.total('headway_bus_kafka_acknowledged_bytes_total', () => writer.stats().acknowledged_bytes);
}

export function measureKafkaReader(counters: Counters, reader: Pick<KafkaReader, 'stats'>): void {
  const instruments = busInstruments(counters);
  const each = (of: (partition: PartitionStats) => number | null) => (): GaugeReading[] =>
    reader.stats().partitions.flatMap((one) => {
      const value = of(one);
      return value === null ? [] : [{ value, labels: { partition: String(one.partition) } }];
    });
  instruments.gauge(
    'headway_bus_kafka_lag_messages',
    each(({ lag }) => lag),
  );
  instruments.gauge(
    'headway_bus_kafka_lag_seconds',
    each(({ lag_s }) => lag_s),
  );
  instruments.gauge(
    'headway_bus_kafka_next_offset',
    each(({ next_offset }) => next_offset),
  );
  instruments.gauge('headway_bus_kafka_assigned_partitions', () => reader.stats().assigned);
  instruments.gauge('headway_bus_kafka_silent_seconds', () => reader.stats().silent_s);
  instruments.total('headway_bus_kafka_messages_total', () => reader.stats().messages);
  instruments.total('headway_bus_kafka_foreign_messages_total', () => reader.stats().foreign_messages);
  instruments.total('headway_bus_kafka_refused_lines_total', () => reader.stats().refused_lines);
  instruments.total('headway_bus_kafka_copies_total', () => reader.stats().copies);
  instruments.total('headway_bus_kafka_skipped_sequences_total', () => reader.stats().skipped_sequences);
  instruments.total('headway_bus_kafka_fenced_total', () => reader.stats().fenced);
  instruments.total('headway_bus_kafka_lost_messages_total', () => reader.stats().lost_messages);
  instruments.total('headway_bus_kafka_changed_logs_total', () => reader.stats().changed_logs);
  instruments.total('headway_bus_kafka_failed_positions_total', () => reader.stats().failed_positions);
  instruments.total('headway_bus_kafka_failed_commits_total', () => reader.stats().failed_commits);
  instruments.total('headway_bus_kafka_joins_total', () => reader.stats().joins);
  instruments.total('headway_bus_kafka_client_restarts_total', () => reader.stats().restarts);
}

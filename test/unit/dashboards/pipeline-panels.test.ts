import { expect, it } from 'vitest';
import { pipeline } from '../../../dashboards/src/pipeline.ts';
import { PIPELINE_METRICS } from '../../../domain/catalog/pipeline-metrics.ts';

/** The queries of all panels that name the metric. */
function queriesOf(metric: string): string[] {
  return pipeline()
    .panels.flatMap((panel) => ('targets' in panel ? panel.targets.map(({ expr }) => expr) : []))
    .filter((expr) => expr.includes(metric));
}

it.each([
  ['Kafka is away', 'headway_bus_outage{'],
  ['Kafka is away, and what is taken in waits on the disk', 'headway_bus_spool_waiting_bytes'],
  ['what waited is handed on', 'headway_bus_drained_batches_total'],
  ['the tables are away', 'headway_bus_kafka_failed_positions_total'],
  ['the tables fail in the middle of a delivery', 'headway_bus_failed_deliveries_total'],
  ['the disk is full', 'headway_bus_refused_publishes_total'],
  ['the tables are behind', 'headway_bus_kafka_lag_messages'],
  ['the tables are behind, in time', 'max by (partition) (headway_bus_kafka_lag_seconds'],
  ['the tables catch up', 'deriv(headway_bus_kafka_lag_seconds'],
  ['something was put aside', 'headway_bus_dead_letters_total'],
])('shows that %s', (_, query) => {
  expect(queriesOf(query)).not.toEqual([]);
  const [name] = /headway_bus_\w+/.exec(query) ?? [];
  expect(PIPELINE_METRICS.map((metric) => metric.name)).toContain(name);
});

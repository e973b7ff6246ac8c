import type { Counters } from '../telemetry/counters.ts';
import { BusRefused, type BusWriter, type DeliveryHandler } from './bus.ts';
import { busInstruments } from './bus-instruments.ts';
import type { SpoolConfig } from './config.ts';
import { DEAD_LETTER_CODES, type DeadLetters } from './dead-letters.ts';
import type { OutageBus } from './outage-writer.ts';
import type { SpoolStats } from './spool.ts';

/** The writer, with what it takes in counted. */
export function measurePublishes(counters: Counters, writer: BusWriter): BusWriter {
  const instruments = busInstruments(counters);
  const batchCount = instruments.counter('headway_bus_published_batches_total');
  const byteCount = instruments.counter('headway_bus_published_bytes_total');
  const refused = instruments.counter('headway_bus_refused_publishes_total');
  const duration = instruments.histogram('headway_bus_publish_duration_seconds');
  return {
    async publish(batches) {
      const began = performance.now();
      try {
        await writer.publish(batches);
      } catch (cause) {
        if (cause instanceof BusRefused) refused.add(1, { reason: cause.code });
        throw cause;
      }
      duration.record((performance.now() - began) / 1000);
      batchCount.add(batches.length);
      byteCount.add(batches.reduce((sum, { body }) => sum + body.length, 0));
    },
  };
}

/** The handler, with what it brings to the tables counted. */
export function measureDeliveries(counters: Counters, handler: DeliveryHandler): DeliveryHandler {
  const instruments = busInstruments(counters);
  const batchCount = instruments.counter('headway_bus_delivered_batches_total');
  const rowCount = instruments.counter('headway_bus_delivered_rows_total');
  const failed = instruments.counter('headway_bus_failed_deliveries_total');
  const repeated = instruments.counter('headway_bus_repeated_deliveries_total');
  const duration = instruments.histogram('headway_bus_delivery_duration_seconds');
  return async (delivery) => {
    const began = performance.now();
    if (delivery.again) repeated.add();
    try {
      await handler(delivery);
      batchCount.add(delivery.batches.length);
      rowCount.add(delivery.batches.reduce((sum, { rows }) => sum + rows, 0));
    } catch (cause) {
      failed.add();
      throw cause;
    } finally {
      duration.record((performance.now() - began) / 1000);
    }
  };
}

/** What waits between received and handed on: the first thing to look at when answers are late. */
export function measureSpool(
  counters: Counters,
  spool: { stats(): SpoolStats },
  { spool_bytes_max }: SpoolConfig,
): void {
  const instruments = busInstruments(counters);
  instruments.gauge('headway_bus_spool_bytes', () => spool.stats().bytes);
  instruments.gauge('headway_bus_spool_limit_bytes', () => spool_bytes_max);
  instruments.gauge('headway_bus_spool_waiting_bytes', () => spool.stats().waiting_bytes);
  instruments.gauge('headway_bus_spool_oldest_age_seconds', () => spool.stats().oldest_age_s ?? undefined);
  instruments.total('headway_bus_spool_damaged_bytes_total', () => spool.stats().damaged_bytes);
}

/** Of a collector: the spool that it has for outages, and whether there is one. */
export function measureOutage(counters: Counters, bus: OutageBus, config: SpoolConfig): void {
  measureSpool(counters, { stats: () => bus.stats().spool }, config);
  const instruments = busInstruments(counters);
  instruments.gauge('headway_bus_outage', () => (bus.stats().isOut ? 1 : 0));
  instruments.gauge('headway_bus_outage_seconds', () => bus.stats().out_s ?? 0);
  instruments.total('headway_bus_outages_total', () => bus.stats().outages);
  instruments.total('headway_bus_spooled_batches_total', () => bus.stats().spooled_batches);
  instruments.total('headway_bus_drained_batches_total', () => bus.stats().drained_batches);
}

/** The letters, with what could not be put counted. Every reason is there from the start, so that a first letter is a rise. */
export function measureDeadLetters(counters: Counters, letters: DeadLetters): DeadLetters {
  const instruments = busInstruments(counters);
  instruments.total('headway_bus_dead_letters_total', () =>
    DEAD_LETTER_CODES.map((reason) => ({ value: letters.counts.get(reason) ?? 0, labels: { reason } })),
  );
  let failures = 0;
  instruments.total('headway_bus_dead_letter_failures_total', () => failures);
  return {
    counts: letters.counts,
    async put(letter, reason, origin) {
      try {
        await letters.put(letter, reason, origin);
      } catch (cause) {
        failures += 1;
        throw cause;
      }
    },
  };
}

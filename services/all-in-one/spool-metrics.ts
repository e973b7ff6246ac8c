import type { Spool } from '../../platform/bus/spool.ts';
import type { Counters } from '../../platform/telemetry/counters.ts';

/** What waits between received and stored: the first thing to look at when answers are late. */
export function measureSpool(counters: Counters, spool: Spool): void {
  counters.gauge('spool_bytes', 'Bytes of the spool on disk.', () => spool.stats().bytes);
  counters.gauge(
    'spool_waiting_bytes',
    'Bytes that are acknowledged and not in the tables yet.',
    () => spool.stats().waiting_bytes,
  );
  counters.gauge(
    'spool_oldest_age_seconds',
    'Age of the oldest batch that is not in the tables yet; absent when all are.',
    () => spool.stats().oldest_age_s ?? undefined,
  );
  counters.gauge(
    'spool_failed_deliveries',
    'Deliveries to the tables that failed and were tried again, since the start.',
    () => spool.stats().failed_deliveries,
  );
  counters.gauge(
    'spool_damaged_bytes',
    'Bytes of the spool that could not be read and were skipped, since the start.',
    () => spool.stats().damaged_bytes,
  );
}

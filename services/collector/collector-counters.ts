import type { Counters } from '../../platform/telemetry/counters.ts';
import type { ScrapeOutcome } from './receivers/scrape.ts';
import type { ScrapeTarget } from './receivers/scrape-target.ts';

/** What the collector counts of itself: what every receiver accepted, refused and failed to hand on, by reason. */
export interface CollectorCounters {
  events(accepted: number, rejected: number, bytes: number): void;
  /** A whole request turned away. */
  requestRefused(reason: string): void;
  scraped(target: ScrapeTarget, outcome: ScrapeOutcome, duration_s: number): void;
}

export const NO_COUNTERS: CollectorCounters = { events() {}, requestRefused() {}, scraped() {} };

export function createCollectorCounters(counters: Counters): CollectorCounters {
  const accepted = counters.counter(
    'receiver_accepted_items',
    'Events and samples that a receiver took in and that are durable, by receiver.',
  );
  const refused = counters.counter(
    'receiver_refused_items',
    'Events and samples that a receiver did not take, by receiver and reason.',
  );
  const bytes = counters.counter('receiver_received_bytes', 'Bytes received, after decompression.');
  const requests = counters.counter('receiver_refused_requests', 'Requests turned away whole, by reason.');
  const scrapes = counters.counter('scrapes', 'Scrapes, by how they ended.');
  const badLines = counters.counter('scrape_bad_lines', 'Lines of scraped pages that are no samples.');
  const duration = counters.histogram(
    'scrape_duration_seconds',
    'From asking for a page to its last byte read.',
  );
  return {
    events(good, bad, size) {
      if (good > 0) accepted.add(good, { receiver: 'events' });
      if (bad > 0) refused.add(bad, { receiver: 'events', reason: 'invalid' });
      bytes.add(size, { receiver: 'events' });
    },
    requestRefused(reason) {
      requests.add(1, { receiver: 'events', reason });
    },
    scraped(target, outcome, duration_s) {
      const result = outcome.refused !== null ? 'not_stored' : outcome.is_up ? 'ok' : 'failed';
      scrapes.add(1, { job: target.job, result });
      duration.record(duration_s, { job: target.job });
      if (outcome.bad_lines > 0) badLines.add(outcome.bad_lines, { job: target.job });
      let dropped = 0;
      for (const [reason, count] of outcome.dropped) {
        dropped += count;
        refused.add(count, { receiver: 'scrape', reason });
      }
      const kept = outcome.samples - dropped;
      if (kept > 0 && outcome.refused === null) accepted.add(kept, { receiver: 'scrape' });
      if (kept > 0 && outcome.refused !== null)
        refused.add(kept, { receiver: 'scrape', reason: 'bus_refused' });
    },
  };
}

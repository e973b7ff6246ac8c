import type { RunEvent } from '../../domain/events.ts';
import { encodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { silentLog } from '../../platform/log.ts';
import type { Store } from '../../platform/store/store.ts';
import { createIngest } from '../../services/analyzer/ingest/ingest.ts';

let deliveries = 0;

/**
 * Puts events into the tables by the product's own way from the bus, as received at a time. Resolves with what it said of
 * their jobs.
 */
export async function storeEvents(
  store: Store,
  events: readonly RunEvent[],
  received_at_ms: number,
): Promise<readonly (readonly [job: string, received_ms: number])[]> {
  let touched: readonly (readonly [string, number])[] = [];
  const ingest = createIngest({
    store,
    log: silentLog,
    deadLetters: {
      counts: new Map(),
      put: (_, { text }) => Promise.reject(new Error(`put aside: ${text}`)),
    },
    onJobs: (jobs) => {
      touched = [...jobs];
    },
  });
  const batches = encodeRunEvents(events, received_at_ms);
  await ingest({ token: `test-${process.pid}-${++deliveries}`, batches, attempt: 1, again: false });
  return touched;
}

import type { RunEvent } from '../../domain/events.ts';
import type { JobReader } from '../../services/api/job-reader.ts';
import { START_US } from './training-events.ts';

/** A reader over events in memory; the one over the tables is tested with the engine. */
export function memoryReader(events: readonly RunEvent[]): JobReader {
  const jobOf = (event: RunEvent) => (event.type === 'node_state' ? undefined : event.job);
  const jobs = [...new Set(events.flatMap((event) => jobOf(event) ?? []))].sort();
  return {
    list: async (after, limit) =>
      jobs
        .filter((job) => job > after)
        .slice(0, limit)
        .map((job) => ({ job, events: 1, first_event_us: START_US, newest_event_us: START_US })),
    events: async (job) => events.filter((event) => jobOf(event) === job),
    isKnown: async (job) => events.some((event) => jobOf(event) === job && event.type !== 'fault'),
    smallEvents: async (job) => events.filter((event) => jobOf(event) === job && event.type !== 'step'),
    stepsSince: async (job, from_us) =>
      events.filter((event) => event.type === 'step' && event.job === job && event.start_us >= from_us),
    faults: async () => events.flatMap((event) => (event.type === 'fault' ? [event] : [])),
    nodeStates: async () => events.flatMap((event) => (event.type === 'node_state' ? [event] : [])),
    heardUntil: async () => undefined,
  };
}

import type { RunEvent } from '../../domain/events.ts';

/** Columns of `run_events` that give an event back. */
export interface EventRow {
  /** Microseconds since the epoch; of an event sent without a time, its arrival. */
  readonly told_us: number;
  readonly body: string;
}

/**
 * The event of a stored row. Bodies were written by our own validation, the only door to this table, so they are not
 * checked again. A description (`job`) that was sent without a time gets its arrival's, which orders its revisions.
 */
export function eventOfRow({ told_us, body }: EventRow): RunEvent {
  const event = JSON.parse(body) as RunEvent;
  return event.type === 'job' && event.time_us === undefined ? { ...event, time_us: told_us } : event;
}

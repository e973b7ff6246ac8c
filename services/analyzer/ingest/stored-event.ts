import { createHash } from 'node:crypto';
import { canonicalEventLine } from '../../../domain/event-reader.ts';
import type { RunEvent } from '../../../domain/events.ts';
import type { StoredEventLine } from '../../../platform/bus/run-event-batch.ts';
import type { RowBinaryWriter } from '../../../platform/store/row-binary.ts';

/**
 * When the event happened or began, microseconds since the epoch; null for a job's spec that names no time. Such a
 * spec is stored at time 0 and not at its arrival: the same line sent twice must be the same row.
 */
export function eventTime_us(event: RunEvent): number | null {
  switch (event.type) {
    case 'job':
      return event.time_us ?? null;
    case 'step':
    case 'span':
    case 'exclude':
    case 'collective_window':
      return event.start_us;
    case 'placement':
      return event.from_us;
    default:
      return event.time_us;
  }
}

/** One row of `run_events`, in the order of `RUN_EVENTS_COLUMNS`. */
export function writeEventRow(to: RowBinaryWriter, { event, received_at_ms }: StoredEventLine): void {
  const line = canonicalEventLine(event);
  to.string('job' in event ? (event.job ?? '') : '');
  to.string(eventId(line));
  to.string(event.type);
  to.string('node' in event ? (event.node ?? '') : '');
  to.int64(eventTime_us(event) ?? 0);
  to.int64(received_at_ms);
  to.string(line);
}

/** The same line has the same id, wherever and whenever it came in: 128 bits of SHA-256, as hex. */
export function eventId(canonicalLine: string): string {
  return createHash('sha256').update(canonicalLine).digest('hex').slice(0, 32);
}

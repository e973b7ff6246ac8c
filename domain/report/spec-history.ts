import type { JobEvent, JobScopedEvent } from '../events.ts';

/** Everything a `job` event may say about the run; what changes one of them makes another specification of it. */
const SPEC_FIELDS = [
  'model',
  'hardware',
  'device_count',
  'dtype',
  'sequence_length',
  'packed_lengths',
  'global_batch_sequences',
  'tokens_per_step',
  'recompute',
  'parallelism',
] as const satisfies readonly (keyof JobEvent)[];

export interface SpecHistory {
  /** All `job` events merged: a later one overrides what it names and keeps what it does not. */
  readonly merged: Partial<JobEvent>;
  /** Counts from 1; 0 when no `job` event arrived. Grows when a `job` event changed anything. */
  readonly version: number;
  /**
   * Since when the run is of the present specification: the time of the last event that replaced a value known before.
   * Undefined when nothing was replaced (a first value describes the whole run, also its past).
   */
  readonly changed_at_us: number | undefined;
}

/**
 * The specification that steps are joined with. It may arrive before or after them and describes the whole run, so
 * a look at the past uses it too: a log of last year whose model is named today had that model then.
 */
export function specHistory(events: readonly JobScopedEvent[]): SpecHistory {
  let merged: Partial<JobEvent> = {};
  let version = 0;
  let changed_at_us: number | undefined;
  for (const { event, time_us } of timed(events)) {
    const next = mergeSpec(merged, event);
    if (version === 0 || JSON.stringify(next) !== JSON.stringify(merged)) version++;
    if (replaces(merged, event)) changed_at_us = time_us;
    merged = next;
  }
  return { merged, version, changed_at_us };
}

function mergeSpec(base: Partial<JobEvent>, event: JobEvent): Partial<JobEvent> {
  const given = Object.entries(event).filter(([key, value]) => value !== undefined && key !== 'time_us');
  const labels = { ...base.labels, ...event.labels };
  return { ...base, ...Object.fromEntries(given), labels };
}

function replaces(base: Partial<JobEvent>, event: JobEvent): boolean {
  return SPEC_FIELDS.some((field) => {
    const [before, now] = [base[field], event[field]];
    return before !== undefined && now !== undefined && JSON.stringify(before) !== JSON.stringify(now);
  });
}

/** By time; an event without one was told at its place in the order of arrival. */
function timed(events: readonly JobScopedEvent[]): { event: JobEvent; time_us: number }[] {
  let newest_us = Number.NEGATIVE_INFINITY;
  const found: { event: JobEvent; time_us: number }[] = [];
  for (const event of events) {
    if (event.type !== 'job') continue;
    const time_us = event.time_us ?? newest_us;
    newest_us = Math.max(newest_us, time_us);
    found.push({ event, time_us });
  }
  return found.sort((a, b) => a.time_us - b.time_us || 0);
}

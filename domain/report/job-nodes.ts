import type { JobScopedEvent } from '../events.ts';

/** Every node the job was ever said to run on, each once. */
export function nodesOf(events: readonly JobScopedEvent[]): string[] {
  const nodes = new Set<string>();
  for (const event of events) {
    if (event.type === 'attempt_start') for (const node of event.nodes ?? []) nodes.add(node);
    if (event.type === 'placement') nodes.add(event.node);
  }
  return [...nodes];
}

/**
 * Devices the job holds as of a time: what its newest attempt said, else the places of that attempt's ranks, else what
 * the job's specification says. Null when nobody said.
 */
export function devicesOf(
  events: readonly JobScopedEvent[],
  at_us: number,
  specified: number | undefined,
): number | null {
  let newest: { attempt: number; time_us: number; device_count: number | undefined } | undefined;
  for (const event of events) {
    if (event.type !== 'attempt_start' || event.time_us > at_us) continue;
    if (newest !== undefined && event.time_us < newest.time_us) continue;
    newest = { attempt: event.attempt ?? 0, time_us: event.time_us, device_count: event.device_count };
  }
  if (newest?.device_count !== undefined) return newest.device_count;
  if (specified !== undefined) return specified;
  const places = new Set<string>();
  for (const event of events) {
    if (event.type !== 'placement' || event.from_us > at_us) continue;
    if (newest === undefined || event.attempt === undefined || event.attempt === newest.attempt) {
      places.add(`${event.node} ${event.device}`);
    }
  }
  return places.size === 0 ? null : places.size;
}

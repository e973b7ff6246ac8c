import {
  type FaultEvent,
  isJobScoped,
  type JobScopedEvent,
  type NodeStateEvent,
} from '../../../domain/events.ts';
import { specHistory } from '../../../domain/report/spec-history.ts';
import { type EventRow, eventOfRow } from '../../../platform/store/event-rows.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';

/** Events stored by another batch may carry a slightly earlier arrival: so far back is read again. */
const OVERLAP_MS = 60_000;

interface ReceivedRow extends EventRow {
  readonly event_id: string;
  readonly received_ms: number;
}

/** The events of one job, kept in memory; each refresh reads only what arrived since the one before. */
export class JobEvents {
  readonly job: string;
  readonly #store: Store;
  readonly #seen = new Set<string>();
  #events: JobScopedEvent[] = [];
  #newest_received_ms = 0;

  constructor(job: string, store: Store) {
    this.job = job;
    this.#store = store;
  }

  get events(): readonly JobScopedEvent[] {
    return this.#events;
  }

  /** When the newest of them arrived, milliseconds since the epoch; 0 before the first refresh. */
  get newest_received_ms(): number {
    return this.#newest_received_ms;
  }

  /**
   * Reads what is new. Resolves with the earliest time that new events touched (microseconds), or undefined when there
   * were none. On the first call, only events that arrived after `told_before_ms` count as new.
   */
  async refresh(told_before_ms = 0): Promise<number | undefined> {
    const since_ms = Math.max(0, this.#newest_received_ms - OVERLAP_MS);
    const rows = await this.#store.query<ReceivedRow>(namedQuery('job_events_since'), {
      job: this.job,
      since_ms,
    });
    const told: JobScopedEvent[] = [...this.#events];
    let touched_us: number | undefined;
    for (const row of rows) {
      if (this.#seen.has(row.event_id)) continue;
      this.#seen.add(row.event_id);
      this.#newest_received_ms = Math.max(this.#newest_received_ms, row.received_ms);
      const event = eventOfRow(row);
      if (!isJobScoped(event)) continue;
      this.#events.push(event);
      if (row.received_ms < told_before_ms) {
        told.push(event);
        continue;
      }
      touched_us = Math.min(touched_us ?? row.told_us, row.told_us);
    }
    // a description holds for the whole run, its past included
    return touched_us !== undefined && specText(this.#events) !== specText(told) ? 0 : touched_us;
  }
}

function specText(events: readonly JobScopedEvent[]): string {
  return JSON.stringify(specHistory(events).merged);
}

/** Faults of the nodes, or sent for the job, between two times (microseconds). */
export async function readFaults(
  store: Store,
  job: string,
  nodes: readonly string[],
  { from_us, to_us }: { from_us: number; to_us: number },
): Promise<FaultEvent[]> {
  const rows = await store.query<{ body: string }>(namedQuery('faults_of_nodes'), {
    job,
    nodes,
    from_us: Math.floor(from_us),
    to_us: Math.ceil(to_us),
  });
  return rows.map(({ body }) => JSON.parse(body) as FaultEvent);
}

/** States of the nodes between two times (microseconds), in order of time. */
export async function readNodeStates(
  store: Store,
  nodes: readonly string[],
  { from_us, to_us }: { from_us: number; to_us: number },
): Promise<NodeStateEvent[]> {
  if (nodes.length === 0) return [];
  const range = { from_us: Math.floor(from_us), to_us: Math.ceil(to_us) };
  const rows = await store.query<{ body: string }>(namedQuery('node_states_of_nodes'), { nodes, ...range });
  return rows.map(({ body }) => JSON.parse(body) as NodeStateEvent);
}

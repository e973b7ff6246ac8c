import type { FaultEvent, NodeStateEvent, RunEvent } from '../../domain/events.ts';
import { type EventRow, eventOfRow } from '../../platform/store/event-rows.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import type { Store } from '../../platform/store/store.ts';

export interface JobRow {
  readonly job: string;
  readonly events: number;
  readonly first_event_us: number;
  readonly newest_event_us: number;
}

/** Reads what the tables hold of a job. Everything it returns was acknowledged and stored. */
export interface JobReader {
  /** Jobs by name, after `after` (exclusive; empty for the first page). */
  list(after: string, limit: number): Promise<JobRow[]>;
  /** Every event of a job, each once; empty when the job is unknown. */
  events(job: string): Promise<RunEvent[]>;
  /** Whether there are any. */
  isKnown(job: string): Promise<boolean>;
  /** Those of them that are no steps. */
  smallEvents(job: string): Promise<RunEvent[]>;
  /** Its steps that began at or after a time, microseconds. */
  stepsSince(job: string, from_us: number): Promise<RunEvent[]>;
  /** Faults of the nodes, or sent for the job, between two times (microseconds). */
  faults(job: string, nodes: readonly string[], from_us: number, to_us: number): Promise<FaultEvent[]>;
  /** States of the nodes between two times (microseconds), in order of time. */
  nodeStates(nodes: readonly string[], from_us: number, to_us: number): Promise<NodeStateEvent[]>;
  /** Newest telemetry of any of the nodes since a time (microseconds); undefined when there was none. */
  heardUntil(nodes: readonly string[], since_us: number): Promise<number | undefined>;
}

export function createJobReader(store: Store): JobReader {
  return {
    list: (after, limit) => store.query<JobRow>(namedQuery('jobs'), { after, page: limit }),
    async events(job) {
      const rows = await store.query<EventRow>(namedQuery('job_events'), { job });
      return rows.map(eventOfRow);
    },
    isKnown: async (job) => (await store.query(namedQuery('job_is_known'), { job })).length > 0,
    async smallEvents(job) {
      const rows = await store.query<EventRow>(namedQuery('job_small_events'), { job });
      return rows.map(eventOfRow);
    },
    async stepsSince(job, from_us) {
      const rows = await store.query<EventRow>(namedQuery('job_steps_since'), { job, from_us });
      return rows.map(eventOfRow);
    },
    async faults(job, nodes, from_us, to_us) {
      const range = { from_us: Math.floor(from_us), to_us: Math.ceil(to_us) };
      const rows = await store.query<{ body: string }>(namedQuery('faults_of_nodes'), {
        job,
        nodes,
        ...range,
      });
      // Only rows of type fault are asked for.
      return rows.map(({ body }) => JSON.parse(body) as FaultEvent);
    },
    async nodeStates(nodes, from_us, to_us) {
      if (nodes.length === 0) return [];
      const range = { from_us: Math.floor(from_us), to_us: Math.ceil(to_us) };
      const rows = await store.query<{ body: string }>(namedQuery('node_states_of_nodes'), {
        nodes,
        ...range,
      });
      // Only rows of type node_state are asked for.
      return rows.map(({ body }) => JSON.parse(body) as NodeStateEvent);
    },
    async heardUntil(nodes, since_us) {
      if (nodes.length === 0) return undefined;
      const since_ms = Math.floor(since_us / 1000);
      const [row] = await store.query<{ heard_us: number }>(namedQuery('nodes_heard'), { nodes, since_ms });
      return row === undefined || row.heard_us === 0 ? undefined : row.heard_us;
    },
  };
}

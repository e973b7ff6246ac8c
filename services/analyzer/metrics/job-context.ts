import type { FaultEvent, JobScopedEvent, NodeStateEvent } from '../../../domain/events.ts';
import { nodesOf } from '../../../domain/report/job-nodes.ts';
import type { Log } from '../../../platform/log.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';
import { readFaults, readNodeStates } from './job-events.ts';

/** How far before the first event of a job a fault may lie and still be of interest. */
const BEFORE_US = 600e6;

/** What others said around a job: faults and states of its nodes, and how long its devices were heard. */
export interface JobContext {
  readonly faults: readonly FaultEvent[];
  /** States of its nodes, in order of time. */
  readonly node_states: readonly NodeStateEvent[];
  /** Newest telemetry of the job's nodes, microseconds since the epoch; undefined when there is none. */
  readonly heard_until_us: number | undefined;
}

export function createContextReader(store: Store, log: Log, lookback_s: number) {
  let telemetryWorks = true;

  async function heardUntil(
    nodes: readonly string[],
    now_us: number,
    known_us: number | undefined,
  ): Promise<number | undefined> {
    if (nodes.length === 0 || !telemetryWorks) return undefined;
    // what was heard once need not be looked for again
    const since_us = Math.max(now_us - lookback_s * 1e6, known_us ?? 0);
    const since_ms = Math.floor(since_us / 1000);
    try {
      const [row] = await store.query<{ heard_us: number }>(namedQuery('nodes_heard'), { nodes, since_ms });
      return row === undefined || row.heard_us === 0 ? known_us : row.heard_us;
    } catch (error) {
      telemetryWorks = false;
      log.warn('device telemetry could not be read; silence is judged by run events only', {
        error: String(error),
      });
      return undefined;
    }
  }

  return {
    /** `before` is what was read of the same job the last time. */
    async read(
      job: string,
      events: readonly JobScopedEvent[],
      now_us: number,
      before: JobContext | undefined,
    ): Promise<JobContext> {
      const nodes = nodesOf(events);
      const from_us = earliestTime(events) - BEFORE_US;
      const [faults, node_states, heard_until_us] = await Promise.all([
        readFaults(store, job, nodes, { from_us, to_us: now_us }),
        readNodeStates(store, nodes, { from_us, to_us: now_us }),
        heardUntil(nodes, now_us, before?.heard_until_us),
      ]);
      return { faults, node_states, heard_until_us };
    },
  };
}

function earliestTime(events: readonly JobScopedEvent[]): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const event of events) {
    if (event.type === 'attempt_start') earliest = Math.min(earliest, event.time_us);
    else if (event.type === 'step') earliest = Math.min(earliest, event.start_us);
  }
  return Number.isFinite(earliest) ? earliest : 0;
}

import type { FaultEvent, NodeStateEvent } from '../../../domain/events.ts';
import type { Log } from '../../../platform/log.ts';
import type { Store } from '../../../platform/store/store.ts';
import { HeardNodes } from './heard-nodes.ts';
import { type Surrounded, Surroundings } from './surroundings.ts';

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

/** A job that is to be accounted, as its events tell it. */
export interface AskedJob {
  readonly job: string;
  readonly nodes: ReadonlySet<string>;
  /** Start of its first attempt or step, microseconds; 0 before any. */
  readonly begin_us: number;
}

export interface ContextReader {
  /** Reads what is new around these jobs, for all of them together. */
  refresh(jobs: readonly AskedJob[], now_us: number): Promise<void>;
  /** As of a time, microseconds. */
  of(job: AskedJob, now_us: number): JobContext;
  /** Frees what is kept of all other jobs. */
  keepOnly(jobs: { has(job: string): boolean }): void;
}

/** @param lookback_s how far back a machine is looked for that sends telemetry no more */
export function createContextReader(store: Store, log: Log, lookback_s: number): ContextReader {
  const surroundings = new Surroundings(store);
  const heard = new HeardNodes(store, log, lookback_s);
  return {
    async refresh(jobs, now_us) {
      const nodes = new Set<string>();
      for (const one of jobs) for (const node of one.nodes) nodes.add(node);
      await surroundings.refresh(jobs.map(surroundedBy), now_us);
      await heard.refresh(nodes, now_us);
    },
    of: ({ job, nodes }, now_us) => ({
      ...surroundings.of(job, now_us),
      heard_until_us: heard.of(nodes),
    }),
    keepOnly: (jobs) => surroundings.keepOnly(jobs),
  };
}

function surroundedBy({ job, nodes, begin_us }: AskedJob): Surrounded {
  return { job, nodes, from_us: begin_us - BEFORE_US };
}

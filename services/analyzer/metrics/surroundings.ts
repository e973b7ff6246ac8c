import type { FaultEvent, NodeStateEvent } from '../../../domain/events.ts';
import { upperBound } from '../../../domain/ledger/job-view.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';

/** A job as far as it takes to tell what others said of it. */
export interface Surrounded {
  readonly job: string;
  /** Machines that it was ever said to run on. */
  readonly nodes: ReadonlySet<string>;
  /** From when on it is of interest what was said, microseconds. */
  readonly from_us: number;
}

export interface SurroundingsLimits {
  /** Events stored by another batch may carry a slightly earlier arrival: so far back news are read again. */
  readonly overlap_ms: number;
  /** How often everything is read again, because some news may have been stored very late, microseconds. */
  readonly refresh_us: number;
  /** Jobs of one question. */
  readonly jobs_max: number;
}

export const SURROUNDINGS_DEFAULTS: SurroundingsLimits = {
  overlap_ms: 60_000,
  refresh_us: 600_000_000,
  jobs_max: 2000,
};

interface Row {
  readonly event_id: string;
  readonly type: 'fault' | 'node_state';
  readonly job: string;
  readonly node: string;
  readonly time_us: number;
  readonly body: string;
}

/** Events in order of time, those of one time by their id, each once. */
class Told<Event> {
  readonly #ids = new Set<string>();
  readonly #order: { readonly time_us: number; readonly event_id: string }[] = [];
  readonly #events: Event[] = [];

  add({ event_id, time_us, body }: Row): void {
    if (this.#ids.has(event_id)) return;
    this.#ids.add(event_id);
    let at = this.#order.length;
    while (at > 0 && isAfter(this.#order[at - 1], time_us, event_id)) at--;
    this.#order.splice(at, 0, { time_us, event_id });
    // only rows of one type are asked for
    this.#events.splice(at, 0, JSON.parse(body) as Event);
  }

  until(time_us: number): readonly Event[] {
    const end = upperBound(this.#order.length, (index) => this.#order[index]?.time_us ?? 0, time_us);
    return end === this.#events.length ? this.#events : this.#events.slice(0, end);
  }
}

function isAfter(
  one: { readonly time_us: number; readonly event_id: string } | undefined,
  time_us: number,
  event_id: string,
): boolean {
  if (one === undefined || one.time_us !== time_us) return (one?.time_us ?? time_us) > time_us;
  return one.event_id > event_id;
}

interface Known extends Surrounded {
  readonly read_us: number;
  readonly faults: Told<FaultEvent>;
  readonly states: Told<NodeStateEvent>;
}

/**
 * Faults and states of machines around many jobs. What is new of all of them is read with one question, and what was said
 * of a job before with one for many jobs, when it is new itself or runs on other machines than it did.
 */
export class Surroundings {
  readonly #store: Store;
  readonly #limits: SurroundingsLimits;
  readonly #known = new Map<string, Known>();
  readonly #ofNode = new Map<string, Set<string>>();
  #news_read_us = Number.NEGATIVE_INFINITY;

  constructor(store: Store, limits: SurroundingsLimits = SURROUNDINGS_DEFAULTS) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Reads what is new. What could not be read for one of them is read the next time. */
  async refresh(jobs: readonly Surrounded[], now_us: number): Promise<void> {
    const unread = jobs.filter((one) => !this.#isRead(one, now_us));
    if (this.#known.size > 0) await this.#readNews(now_us);
    const { jobs_max } = this.#limits;
    for (let from = 0; from < unread.length; from += jobs_max) {
      await this.#readWhole(unread.slice(from, from + jobs_max), now_us);
    }
  }

  /** What was said until a time, microseconds; nothing of a job that was not read. */
  of(
    job: string,
    until_us: number,
  ): { readonly faults: readonly FaultEvent[]; readonly node_states: readonly NodeStateEvent[] } {
    const known = this.#known.get(job);
    if (known === undefined) return { faults: [], node_states: [] };
    return { faults: known.faults.until(until_us), node_states: known.states.until(until_us) };
  }

  keepOnly(jobs: { has(job: string): boolean }): void {
    for (const job of this.#known.keys()) if (!jobs.has(job)) this.#forget(job);
  }

  #isRead({ job, nodes, from_us }: Surrounded, now_us: number): boolean {
    const known = this.#known.get(job);
    if (known === undefined || now_us - known.read_us >= this.#limits.refresh_us) return false;
    if (from_us < known.from_us || nodes.size !== known.nodes.size) return false;
    for (const node of nodes) if (!known.nodes.has(node)) return false;
    return true;
  }

  async #readNews(now_us: number): Promise<void> {
    const { overlap_ms } = this.#limits;
    const since_us = Math.max(this.#news_read_us, now_us - this.#limits.refresh_us);
    const since_ms = Math.floor(since_us / 1000) - overlap_ms;
    const rows = await this.#store.query<Row>(namedQuery('surroundings_since'), { since_ms });
    for (const row of rows) this.#take(row);
    this.#news_read_us = now_us;
  }

  async #readWhole(jobs: readonly Surrounded[], now_us: number): Promise<void> {
    const nodes = new Set(jobs.flatMap((one) => [...one.nodes]));
    const from_us = jobs.reduce((least, one) => Math.min(least, one.from_us), Number.POSITIVE_INFINITY);
    const rows = await this.#store.query<Row>(namedQuery('surroundings_of_jobs'), {
      jobs: jobs.map(({ job }) => job),
      nodes: [...nodes],
      from_us: Math.floor(from_us),
    });
    for (const { job, nodes: own, from_us: since_us } of jobs) {
      this.#forget(job);
      const empty = { faults: new Told<FaultEvent>(), states: new Told<NodeStateEvent>() };
      this.#known.set(job, { job, nodes: new Set(own), from_us: since_us, read_us: now_us, ...empty });
      for (const node of own) this.#ofNode.set(node, (this.#ofNode.get(node) ?? new Set()).add(job));
    }
    for (const row of rows) this.#take(row);
  }

  #take(row: Row): void {
    const concerned = new Set(this.#ofNode.get(row.node));
    if (row.type === 'fault' && row.job !== '') concerned.add(row.job);
    for (const job of concerned) {
      const known = this.#known.get(job);
      if (known === undefined || row.time_us < known.from_us) continue;
      if (row.type === 'fault') known.faults.add(row);
      else known.states.add(row);
    }
  }

  #forget(job: string): void {
    const known = this.#known.get(job);
    if (known === undefined) return;
    this.#known.delete(job);
    for (const node of known.nodes) {
      const jobs = this.#ofNode.get(node);
      jobs?.delete(job);
      if (jobs?.size === 0) this.#ofNode.delete(node);
    }
  }
}

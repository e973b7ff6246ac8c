import {
  type BaselineReference,
  type CollectiveWindowEvent,
  isJobScoped,
  type JobScopedEvent,
} from '../../../domain/events.ts';
import { specHistory } from '../../../domain/report/spec-history.ts';
import { type EventRow, eventOfRow } from '../../../platform/store/event-rows.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';

/** Events stored by another batch may carry a slightly earlier arrival: so far back is read again. */
const OVERLAP_MS = 60_000;

export interface ReceivedRow extends EventRow {
  readonly event_id: string;
  readonly received_ms: number;
}

/** The events of one job, kept in memory; each refresh reads only what arrived since the one before. */
export class JobEvents {
  readonly job: string;
  readonly #store: Store;
  readonly #seen = new Set<string>();
  #events: JobScopedEvent[] = [];
  #windows: CollectiveWindowEvent[] = [];
  #newest_received_ms = 0;
  /** Earliest arrival among what was stored since the last reading began, and among what that one has to read. */
  #stored_ms = Number.POSITIVE_INFINITY;
  #reading_ms = Number.POSITIVE_INFINITY;
  readonly #small: JobScopedEvent[] = [];
  readonly #nodes = new Set<string>();
  #begin_us = Number.POSITIVE_INFINITY;
  #baseline: BaselineReference | undefined;

  constructor(job: string, store: Store) {
    this.job = job;
    this.#store = store;
  }

  get events(): readonly JobScopedEvent[] {
    return this.#events;
  }

  /** Those of them that are no steps, in order of arrival. */
  get small(): readonly JobScopedEvent[] {
    return this.#small;
  }

  /** Machines that the job was ever said to run on. */
  get nodes(): ReadonlySet<string> {
    return this.#nodes;
  }

  /** Start of the first attempt or step, microseconds; 0 before any. */
  get begin_us(): number {
    return Number.isFinite(this.#begin_us) ? this.#begin_us : 0;
  }

  /** What the job was last said to be compared with. */
  get baseline(): BaselineReference | undefined {
    return this.#baseline;
  }

  /** Windows of collectives that ended in a stretch of time (microseconds), of the newest that are remembered. */
  windows(after_us: number, until_us: number): readonly CollectiveWindowEvent[] {
    return this.#windows.filter(({ end_us }) => end_us > after_us && end_us <= until_us);
  }

  /** When the newest of them arrived, milliseconds since the epoch; 0 before the first refresh. */
  get newest_received_ms(): number {
    return this.#newest_received_ms;
  }

  /** From when on arrivals have to be read to miss none, milliseconds; 0 before the first refresh. */
  get since_ms(): number {
    return Math.max(0, Math.min(this.#newest_received_ms - OVERLAP_MS, this.#reading_ms));
  }

  /**
   * Events were stored of which the first arrived then, milliseconds: long ago where a collector had kept them on its
   * disk while others went on.
   */
  noteStored(received_ms: number): void {
    this.#stored_ms = Math.min(this.#stored_ms, received_ms);
  }

  /** What is stored from now on is for the reading after the one that begins. */
  beginReading(): void {
    this.#reading_ms = Math.min(this.#reading_ms, this.#stored_ms);
    this.#stored_ms = Number.POSITIVE_INFINITY;
  }

  /**
   * Reads what is new. Resolves with the earliest time that new events touched (microseconds), or undefined when there
   * were none. On the first call, only events that arrived after `told_before_ms` count as new.
   */
  async refresh(told_before_ms = 0): Promise<number | undefined> {
    this.beginReading();
    const rows = await this.#store.query<ReceivedRow>(namedQuery('job_events_since'), {
      job: this.job,
      since_ms: this.since_ms,
    });
    return this.take(rows, told_before_ms);
  }

  /** The same with rows that were read already; those known are passed over. */
  take(rows: readonly ReceivedRow[], told_before_ms = 0): number | undefined {
    const before = this.#events.length;
    const told: JobScopedEvent[] = [];
    let hasNewSpec = false;
    let touched_us: number | undefined;
    for (const row of rows) {
      if (this.#seen.has(row.event_id)) continue;
      this.#seen.add(row.event_id);
      this.#newest_received_ms = Math.max(this.#newest_received_ms, row.received_ms);
      const event = eventOfRow(row);
      if (event.type === 'collective_window') this.#windows.push(event);
      if (!isJobScoped(event)) continue;
      this.#events.push(event);
      this.#note(event);
      if (row.received_ms < told_before_ms) {
        told.push(event);
        continue;
      }
      hasNewSpec ||= event.type === 'job';
      touched_us = Math.min(touched_us ?? row.told_us, row.told_us);
    }
    this.#reading_ms = Number.POSITIVE_INFINITY;
    this.#forgetWindows();
    if (!hasNewSpec) return touched_us;
    // a description holds for the whole run, its past included
    const known = [...this.#events.slice(0, before), ...told];
    return specText(this.#events) !== specText(known) ? 0 : touched_us;
  }

  #note(event: JobScopedEvent): void {
    if (event.type === 'step') this.#begin_us = Math.min(this.#begin_us, event.start_us);
    else this.#small.push(event);
    if (event.type === 'placement') this.#nodes.add(event.node);
    else if (event.type === 'job') this.#baseline = event.baseline ?? this.#baseline;
    else if (event.type === 'attempt_start') {
      this.#begin_us = Math.min(this.#begin_us, event.time_us);
      for (const node of event.nodes ?? []) this.#nodes.add(node);
    }
  }

  /** Only the newest are of use: older ones are in the tables. */
  #forgetWindows(): void {
    if (this.#windows.length === 0) return;
    const newest_us = this.#windows.reduce((newest, { end_us }) => Math.max(newest, end_us), 0);
    this.#windows = this.#windows.filter(({ end_us }) => end_us > newest_us - WINDOWS_KEPT_US);
  }
}

/** Twice what a figure is made of, for windows that arrive late. */
const WINDOWS_KEPT_US = 120_000_000;

/** Jobs whose newest events arrived about as lately are read together: one question for all of them. */
const TOGETHER_MS = 2 * OVERLAP_MS;
/** Names of jobs in one question. */
const JOBS_PER_QUERY = 1000;

/**
 * What arrived of many jobs since each was read last, by job. A job that was never read, or not for long, is left out:
 * it is read by itself, for all others would be read as far back.
 */
export async function readTogether(
  store: Store,
  jobs: readonly JobEvents[],
): Promise<Map<string, ReceivedRow[]>> {
  for (const job of jobs) job.beginReading();
  const newest_ms = Math.max(...jobs.map(({ since_ms }) => since_ms), 0);
  const near = jobs.filter(({ since_ms }) => since_ms > 0 && newest_ms - since_ms <= TOGETHER_MS);
  const read = new Map<string, ReceivedRow[]>(near.map(({ job }) => [job, []]));
  for (let from = 0; from < near.length; from += JOBS_PER_QUERY) {
    const some = near.slice(from, from + JOBS_PER_QUERY);
    const since_ms = Math.min(...some.map((one) => one.since_ms));
    const rows = await store.query<ReceivedRow & { job: string }>(namedQuery('jobs_events_since'), {
      jobs: some.map(({ job }) => job),
      since_ms,
    });
    for (const row of rows) read.get(row.job)?.push(row);
  }
  return read;
}

function specText(events: readonly JobScopedEvent[]): string {
  return JSON.stringify(specHistory(events).merged);
}

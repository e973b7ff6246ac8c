import {
  type BaselineReference,
  type CollectiveWindowEvent,
  isJobScoped,
  type JobScopedEvent,
} from '../../../domain/events.ts';
import { LiveJob, type LiveJobOptions } from '../../../domain/report/live/live-job.ts';
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

/**
 * The events of one job, kept in memory by its book; each refresh reads only what arrived since the one before. What came
 * twice is passed over: steps by the book, all others by their ids.
 */
export class JobEvents {
  readonly job: string;
  readonly live: LiveJob;
  readonly #store: Store;
  readonly #seen = new Set<string>();
  #windows: CollectiveWindowEvent[] = [];
  #hasRead = false;
  #newest_received_ms = 0;
  /** Earliest arrival among what was stored since the last reading began, and among what that one has to read. */
  #stored_ms = Number.POSITIVE_INFINITY;
  #reading_ms = Number.POSITIVE_INFINITY;
  readonly #nodes = new Set<string>();
  #begin_us = Number.POSITIVE_INFINITY;
  #baseline: BaselineReference | undefined;

  constructor(job: string, store: Store, options: Omit<LiveJobOptions, 'job'>) {
    this.job = job;
    this.#store = store;
    this.live = new LiveJob({ job, ...options });
  }

  /** All of them: what is no step in order of arrival, then steps in order of start. Made anew at each call. */
  all(): readonly JobScopedEvent[] {
    return this.live.events();
  }

  /** How many there are. */
  get count(): number {
    return this.small.length + this.live.book.step_events;
  }

  /** Those of them that are no steps, in order of arrival. */
  get small(): readonly JobScopedEvent[] {
    return this.live.facts.small;
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

  /**
   * From when on arrivals have to be read to miss none, milliseconds; 0 before the first refresh. Where it is known when
   * the first of what was stored since arrived, all before it was read.
   */
  get since_ms(): number {
    if (!this.#hasRead) return 0;
    const isKnown = Number.isFinite(this.#reading_ms);
    return Math.max(0, isKnown ? this.#reading_ms : this.#newest_received_ms - OVERLAP_MS);
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
    const told: JobScopedEvent[] = [];
    const fresh: JobScopedEvent[] = [];
    let hasNewSpec = false;
    let touched_us = Number.POSITIVE_INFINITY;
    for (const row of rows) {
      this.#newest_received_ms = Math.max(this.#newest_received_ms, row.received_ms);
      const isNew = row.received_ms >= told_before_ms;
      const event = this.#unknown(row);
      if (event === undefined) continue;
      this.#note(event);
      (isNew ? fresh : told).push(event);
      if (!isNew || event.type === 'step') continue;
      hasNewSpec ||= event.type === 'job';
      touched_us = Math.min(touched_us, row.told_us);
    }
    this.#hasRead = true;
    this.#reading_ms = Number.POSITIVE_INFINITY;
    this.#forgetWindows();
    this.#add(told);
    const before = hasNewSpec ? specText(this.small) : '';
    touched_us = Math.min(touched_us, this.#add(fresh) ?? touched_us);
    // a description holds for the whole run, its past included
    if (hasNewSpec && specText(this.small) !== before) return 0;
    return touched_us === Number.POSITIVE_INFINITY ? undefined : touched_us;
  }

  /** The event of a row that is not known to have come before; a step may have. */
  #unknown(row: ReceivedRow): JobScopedEvent | undefined {
    if (this.#seen.has(row.event_id)) return undefined;
    const event = eventOfRow(row);
    if (event.type !== 'step') this.#seen.add(row.event_id);
    if (event.type === 'collective_window') this.#windows.push(event);
    return isJobScoped(event) ? event : undefined;
  }

  /** Resolves to the earliest start of new steps. */
  #add(events: readonly JobScopedEvent[]): number | undefined {
    this.live.add(events);
    return this.live.book.take();
  }

  #note(event: JobScopedEvent): void {
    if (event.type === 'step') this.#begin_us = Math.min(this.#begin_us, event.start_us);
    else if (event.type === 'placement') this.#nodes.add(event.node);
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

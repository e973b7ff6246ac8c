import { createHash } from 'node:crypto';
import { canonicalEventLine } from '../../domain/event-reader.ts';
import type { StepEvent } from '../../domain/events.ts';
import type { Store } from '../../platform/store/store.ts';

/**
 * What must be true after any faults, in the manner of the oracle of Vector's fault-injection harness: ids are issued,
 * only acknowledged ids are obligations, stored payloads are compared byte by byte, and a fresh event must get through
 * when the faults are over (that one is asked for by the drill itself).
 */
export interface Verdict {
  readonly issued: number;
  readonly acknowledged: number;
  /** Rows of this run that readers see. */
  readonly stored: number;
  /** Acknowledged and not in the tables. */
  readonly lost: readonly number[];
  /** In the tables more than once, as readers see them. */
  readonly doubled: readonly number[];
  /** Sent once and written more than once: a double that a merge of the engine took away later. */
  readonly written_twice: readonly number[];
  /** Rows that are not what was sent under their id, or whose id was never issued. */
  readonly damaged: readonly string[];
}

/** First of `Verdict`'s lists that is not empty, as text; null when everything is as it has to be. */
export function faultOf(verdict: Verdict): string | null {
  const { lost, doubled, written_twice, damaged } = verdict;
  for (const [name, list] of Object.entries({ lost, doubled, written_twice, damaged })) {
    if (list.length > 0) return `${list.length} ${name}: ${list.slice(0, 20).join(', ')}`;
  }
  return null;
}

export interface OracleOptions {
  /** Ids are spread over so many jobs. */
  readonly jobs?: number;
  /** When the first step begins, and how much later each next one of all jobs does; each ends when its job's next begins. */
  readonly base_us?: number;
  readonly step_us?: number;
}

interface StoredRow {
  readonly body: string;
  readonly rows: number;
  readonly copies: number;
}

/** Issues ids, remembers which were acknowledged, and holds the tables against that. */
export class Oracle {
  readonly #run: string;
  readonly #jobs: number;
  readonly #base_us: number;
  readonly #step_us: number;
  readonly #acknowledged = new Set<number>();
  /** Ids that were sent again after an unknown outcome, with the same line. */
  readonly #resent = new Set<number>();
  #issued = 0;

  /** `run` begins the names of all jobs. */
  constructor(run: string, options: OracleOptions = {}) {
    const { jobs = 8, base_us = 1_700_000_000_000_000, step_us = 1 } = options;
    this.#run = run;
    this.#jobs = jobs;
    this.#base_us = base_us;
    this.#step_us = step_us;
  }

  get jobs(): readonly string[] {
    return Array.from({ length: this.#jobs }, (_, job) => this.jobOf(job));
  }

  get issued(): number {
    return this.#issued;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  issue(): number {
    return this.#issued++;
  }

  resending(ids: readonly number[]): void {
    for (const id of ids) this.#resent.add(id);
  }

  acknowledge(ids: readonly number[]): void {
    for (const id of ids) this.#acknowledged.add(id);
  }

  jobOf(id: number): string {
    return `${this.#run}-${id % this.#jobs}`;
  }

  /** Of an id always the same: its payload is its checksum, in a text of another length each. */
  eventOf(id: number): StepEvent {
    const payload = createHash('sha256').update(`${this.#run} ${id}`).digest('hex');
    const start_us = this.#base_us + id * this.#step_us;
    return {
      type: 'step',
      job: this.jobOf(id),
      step: id,
      start_us,
      end_us: start_us + this.#jobs * this.#step_us,
      labels: { payload, text: `é"\\\n'\u2028${payload.repeat(id % 4)}` },
    };
  }

  lineOf(id: number): string {
    return JSON.stringify(this.eventOf(id));
  }

  /** Reads what the tables hold of this run. All that was acknowledged must have been delivered before. */
  async check(store: Store): Promise<Verdict> {
    const rows = new Map<number, StoredRow>();
    const damaged: string[] = [];
    const doubled = new Set<number>();
    for (const job of this.jobs) {
      for (const row of await storedOf(store, job)) {
        const id = this.#idOf(row.body, job);
        if (id === null) damaged.push(row.body);
        else if (rows.has(id) || row.rows !== 1) doubled.add(id);
        if (id !== null) rows.set(id, row);
      }
    }
    return {
      issued: this.#issued,
      acknowledged: this.acknowledged,
      stored: rows.size,
      lost: [...this.#acknowledged].filter((id) => !rows.has(id)),
      doubled: [...doubled],
      written_twice: [...rows]
        .filter(([id, { copies }]) => copies !== 1 && !this.#resent.has(id))
        .map(([id]) => id),
      damaged,
    };
  }

  /** The id of a row that is byte for byte what was sent under it, in the job that it was sent for; else null. */
  #idOf(body: string, job: string): number | null {
    const id = /"step":(\d+)/.exec(body)?.[1];
    if (id === undefined || Number(id) >= this.#issued) return null;
    const event = this.eventOf(Number(id));
    return event.job === job && canonicalEventLine(event) === body ? Number(id) : null;
  }
}

async function storedOf(store: Store, job: string): Promise<StoredRow[]> {
  return store.query<StoredRow>(
    `SELECT body, count() AS rows, sum(copies) AS copies
    FROM run_events FINAL WHERE job = {job:String} AND type NOT IN ('attempt_start', 'attempt_end') GROUP BY body`,
    { job },
  );
}

/**
 * Makes `run_events` before the migration does, which then leaves it alone: a table that merges rows of one event as
 * the product's does, and counts in `copies` how often each was written.
 */
export async function countCopies(store: Store): Promise<void> {
  await store.command(`CREATE TABLE IF NOT EXISTS run_events
    (
      job String, event_id String, time_us Int64,
      type SimpleAggregateFunction(any, String),
      node SimpleAggregateFunction(any, String),
      received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
      body SimpleAggregateFunction(any, String),
      copies SimpleAggregateFunction(sum, UInt64) DEFAULT 1
    )
    ENGINE = AggregatingMergeTree ORDER BY (job, time_us, event_id)
    SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1`);
}

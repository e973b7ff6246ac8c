import type { RunEvent } from '../../domain/events.ts';
import type { Account, Bucket, JobState, StepExecution } from '../../domain/ledger/ledger-shape.ts';
import type { PublishedAccount } from '../../domain/ledger/published-account.ts';
import type { StepFilter } from '../../domain/report/step-rows.ts';
import { type EventRow, eventOfRow } from '../../platform/store/event-rows.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import { type PublishedRows, readPublishedRows } from '../../platform/store/result-rows.ts';
import type { Store } from '../../platform/store/store.ts';
import { Problem } from './problem.ts';

export interface RevisionRow {
  readonly revision: number;
  readonly computed_at_us: number;
  readonly reason: string;
  readonly changed_from_us: number;
  readonly changed_to_us: number;
  /** Seconds by `from>to` bucket. */
  readonly moved_s: Readonly<Record<string, number>>;
  readonly goodput_before_ratio: number | null;
  readonly goodput_after_ratio: number | null;
}

export interface FleetRow {
  readonly job: string;
  readonly bucket: Bucket;
  readonly cause: string;
  readonly wall_us: number;
  /** Null: nobody said how many devices. */
  readonly device_us: number | null;
}

/** Reads what the analyzer published: accounts as of a revision, why they were revised, and all jobs together. */
export interface ResultReader {
  /** Oldest first; none when nothing of the job was published yet. */
  revisions(job: string): Promise<RevisionRow[]>;
  /** The account as that revision left it, without single steps. Undefined when the job has no such rows. */
  accountAt(job: string, revision: number): Promise<Account | undefined>;
  fleet(from_us: number, to_us: number): Promise<FleetRow[]>;
  /** The newest complete publication; undefined while there is none, or while its live end is being written. */
  published(job: string): Promise<PublishedRow | undefined>;
  /** What the job said of itself beside steps and failures. */
  declarations(job: string): Promise<RunEvent[]>;
  /** A page of executions that were over when it was published, in order of start. */
  steps(published: PublishedRow, page: StepsAsked): Promise<StepExecution[]>;
  /** The newest executions that were over when it was published, newest first. */
  newestSteps(published: PublishedRow, count: number): Promise<NewestStep[]>;
  /** Where the first step of each attempt began, as it was published, evaluation aside. */
  firstSteps(published: PublishedRow): Promise<Pick<StepExecution, 'attempt' | 'start_us'>[]>;
  /** How many events of the job are stored, about. */
  size(job: string): Promise<number>;
}

export interface PublishedRow extends PublishedAccount {
  readonly revision: number;
  readonly computed_at_us: number;
  /** What the job said of itself beside steps and failures. */
  readonly declarations: readonly RunEvent[];
}

/** Which executions: those that began in `[from_us, to_us)`, after the place of one, and pass the filter. */
export interface StepsAsked extends StepFilter {
  readonly from_us: number | undefined;
  readonly to_us: number | undefined;
  readonly after: Pick<StepExecution, 'start_us' | 'attempt' | 'step'> | undefined;
  readonly limit: number;
}

export type NewestStep = Pick<StepExecution, 'start_us' | 'attempt' | 'step' | 'end_us' | 'count' | 'fate'>;

/** A row of `sql/queries/results_steps_page.sql`. */
interface StepJson extends Omit<StepExecution, 'first_of_attempt' | 'labels' | 'tokens' | 'devices'> {
  readonly first_of_attempt: number;
  readonly unlogged: number;
  readonly tokens: number | null;
  readonly devices: number | null;
}

/** A row of `sql/queries/results_commit.sql`. */
interface CommitRow {
  readonly revision: number;
  readonly state: JobState;
  readonly accounted_until_us: number;
  readonly open_attempt: number | null;
  readonly computed_at_us: number;
}

export function createResultReader(store: Store): ResultReader {
  return {
    revisions: (job) => store.query<RevisionRow>(namedQuery('results_revisions'), { job }),
    async accountAt(job, revision) {
      const rows = await readPublishedRows(store, job, revision);
      return rows.segments.length === 0 ? undefined : accountOfRows(job, rows);
    },
    fleet: (from_us, to_us) => store.query<FleetRow>(namedQuery('results_fleet'), { from_us, to_us }),
    published: (job) => readPublication(store, job),
    declarations: (job) => readDeclarations(store, job),
    async steps({ job, revision, to_us: until_us }, { from_us, to_us, after, limit, ...filter }) {
      const rows = await store.query<StepJson>(namedQuery('results_steps_page'), {
        ...{ job, revision, until_us, page: limit },
        from_us: from_us ?? TIME_MIN_US,
        to_us: to_us ?? Number.MAX_SAFE_INTEGER,
        fate: filter.fate ?? '',
        kind: filter.kind ?? '',
        attempt: filter.attempt ?? -1,
        after_us: after?.start_us ?? TIME_MIN_US,
        after_attempt: after?.attempt ?? -1,
        after_step: after?.step ?? -1,
      });
      return rows.map(stepOf);
    },
    newestSteps: ({ job, revision, to_us: until_us }, rows) =>
      store.query(namedQuery('results_newest_steps'), { job, revision, until_us, rows }),
    firstSteps: ({ job, revision, to_us: until_us }) =>
      store.query(namedQuery('results_first_steps'), { job, revision, until_us }),
    async size(job) {
      const [row] = await store.query<{ events: number }>(namedQuery('job_size'), { job });
      return row?.events ?? 0;
    },
  };
}

/**
 * How complete the rows are is written after them. Of a revision that is being written the rows are its own, and those of
 * the one before stay: that is told as long. While the live end of a revision grows in place there is none.
 */
async function readPublication(store: Store, job: string): Promise<PublishedRow | undefined> {
  const [commit] = await store.query<CommitRow>(namedQuery('results_commit'), { job });
  if (commit === undefined) return undefined;
  const { revision, state, accounted_until_us, open_attempt, computed_at_us } = commit;
  const [rows, declarations] = await Promise.all([
    readPublishedRows(store, job, revision),
    readDeclarations(store, job),
  ]);
  if (rows.segments.at(-1)?.to_us !== accounted_until_us) return undefined;
  return {
    ...{ job, state, open_attempt, revision, computed_at_us, ...rows },
    to_us: accounted_until_us,
    declarations,
  };
}

async function readDeclarations(store: Store, job: string): Promise<RunEvent[]> {
  const rows = await store.query<EventRow>(namedQuery('job_declarations'), { job });
  return rows.map(eventOfRow);
}

const TIME_MIN_US = -Number.MAX_SAFE_INTEGER;

function stepOf({ unlogged, tokens, devices, ...row }: StepJson): StepExecution {
  return {
    ...row,
    first_of_attempt: row.first_of_attempt === 1,
    tokens: tokens ?? undefined,
    devices: devices ?? undefined,
    labels: unlogged === 1 ? { unlogged: true } : {},
  };
}

export function resultsOf({ results }: { readonly results?: ResultReader }): ResultReader {
  if (results !== undefined) return results;
  throw new Problem(503, 'No results', 'This server reads no result tables.');
}

export function unpublished(job: string): Problem {
  return new Problem(
    404,
    'Nothing published',
    `No account of a job named ${JSON.stringify(job)} was published yet. The analyzer does so within seconds of its first events.`,
  );
}

function accountOfRows(job: string, { segments, incidents }: PublishedRows): Account {
  const attempts = new Map<number, { attempt: number; start_us: number; end_us: number }>();
  for (const { attempt, from_us, to_us } of segments) {
    if (attempt === undefined) continue;
    attempts.set(attempt, { attempt, start_us: attempts.get(attempt)?.start_us ?? from_us, end_us: to_us });
  }
  return {
    job,
    from_us: segments[0]?.from_us ?? 0,
    to_us: segments.at(-1)?.to_us ?? 0,
    state: stateOf(segments.at(-1)?.bucket),
    segments,
    steps: [],
    attempts: [...attempts.values()],
    incidents,
    lost_steps: 0,
    last_step: null,
    last_progress_at_us: null,
    newest_event_us: null,
    overlapped_s: {},
    ranks_seen: 0,
    capacity: null,
  };
}

/** What the last stretch says of the job; a job that had ended reads as it stood at its end. */
function stateOf(bucket: Bucket | undefined): JobState {
  if (bucket === 'hang' || bucket === 'silent') return bucket;
  if (bucket?.startsWith('down') === true) return 'down';
  return bucket === undefined || bucket === 'startup' ? 'starting' : 'running';
}

import type { StepExecution } from '../../../domain/ledger/ledger-shape.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import { NEWEST_REVISION, readPublishedRows } from '../../../platform/store/result-rows.ts';
import type { Store } from '../../../platform/store/store.ts';
import { NOTHING_PUBLISHED, type PublishedJob } from './published-job.ts';
import type { StepRow } from './result-columns.ts';

interface CommitRow {
  readonly revision: number;
  readonly accounted_until_us: number;
  readonly settled_until_us: number;
  readonly open_attempt: number | null;
  readonly begun_revision: number;
}

/**
 * What the tables hold of a job that an earlier process wrote, whatever instant it was killed at: a revision that was
 * begun and not completed is `unfinished`, and the rows are those that are really there.
 *
 * @param page rows of one query
 */
export async function readPublished(store: Store, job: string, page: number): Promise<PublishedJob> {
  const [commit] = await store.query<CommitRow>(namedQuery('results_commit'), { job });
  if (commit === undefined) return NOTHING_PUBLISHED;
  const [rows, steps] = await Promise.all([
    readPublishedRows(store, job, NEWEST_REVISION),
    readSteps(store, job, page),
  ]);
  const isComplete = commit.begun_revision <= commit.revision;
  return {
    revision: commit.revision,
    unfinished: isComplete ? undefined : commit.begun_revision,
    ...rows,
    steps,
    until_us: commit.accounted_until_us,
    settled_us: commit.settled_until_us,
    open_attempt: commit.open_attempt,
  };
}

/** Of all result rows of a job, those that a killed process left half done among them; 0 when there are none. */
export async function readNewestVersion(store: Store, job: string): Promise<number> {
  const [row] = await store.query<{ newest_version: number }>(namedQuery('results_newest_version'), { job });
  return Number(row?.newest_version ?? 0);
}

interface StepJson {
  readonly start_us: number;
  readonly attempt: number;
  readonly step: number;
  readonly end_us: number;
  readonly net_us: number;
  readonly count: number;
  readonly fate: StepExecution['fate'];
  readonly kind: StepExecution['kind'];
  readonly first_of_attempt: number;
  readonly unlogged: number;
  readonly tokens: number | null;
  readonly devices: number | null;
}

/** Published steps that begin at or after a time, microseconds, in order. */
export async function readSteps(
  store: Store,
  job: string,
  page: number,
  from_us = -(2 ** 53) + 2,
): Promise<StepRow[]> {
  const steps: StepRow[] = [];
  let after = { after_us: from_us - 1, after_attempt: 2 ** 31 - 1, after_step: Number.MAX_SAFE_INTEGER };
  for (;;) {
    const rows = await store.query<StepJson>(namedQuery('results_steps'), { job, ...after, page });
    for (const row of rows) steps.push(stepOf(row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) return steps;
    after = { after_us: last.start_us, after_attempt: last.attempt, after_step: last.step };
  }
}

function stepOf(row: StepJson): StepRow {
  const { start_us, attempt, step, end_us, net_us, count, fate, kind, tokens, devices } = row;
  return {
    start_us,
    attempt,
    step,
    end_us,
    net_us,
    count,
    fate,
    kind,
    first_of_attempt: row.first_of_attempt === 1,
    unlogged: row.unlogged === 1,
    tokens: tokens ?? undefined,
    devices: devices ?? undefined,
  };
}

import { type LiveLook, wholeAccount } from '../../../domain/report/live/live-job.ts';
import { RowBinaryWriter } from '../../../platform/store/row-binary.ts';
import type { Store } from '../../../platform/store/store.ts';
import type { AnalyzerConfig } from '../config.ts';
import type { PresentJob } from '../metrics/tracked-job.ts';
import {
  commonChapters,
  endOfChapters,
  livePublished,
  livePublishing,
  type PublishedLive,
} from './live-publishing.ts';
import { type PublishedFigures, type PublishedJob, type Publishing, publishing } from './published-job.ts';
import { readNewestVersion, readPublished, readSteps } from './published-reader.ts';
import {
  incidentRow,
  type RowStamp,
  SEGMENT_COLUMNS,
  STEP_COLUMNS,
  type StepRow,
  writeSegment,
  writeStep,
} from './result-columns.ts';
import { specRow } from './spec-row.ts';

/** Writes the accounts of jobs into the result tables. */
export interface ResultsWriter {
  /** Takes the account of a job as of now; its rows go with the next flush. */
  add(job: PresentJob, now_us: number): Promise<void>;
  /** Resolves when the rows of everything added are in the tables; on failure they go with the next one. */
  flush(now_us: number): Promise<void>;
  /** The number of the newest revision of a job that is in the tables; undefined when none is known here. */
  revisionOf(job: string): number | undefined;
  /** Frees what is kept of all other jobs. */
  keepOnly(jobs: { has(job: string): boolean }): void;
}

type Published = PublishedJob | PublishedLive;

interface Kept {
  published: Published;
  /** Its rows may be in the tables in part: they have to be read before they are compared with. */
  isUncertain: boolean;
  /** When its rows were last written, microseconds. */
  written_us: number;
  /** As JSON: written again only when it changed. */
  spec: string;
}

interface Pending {
  readonly kept: Kept;
  readonly publishing: Publishing<Published>;
  readonly spec: Readonly<Record<string, unknown>>;
}

type Limits = Pick<AnalyzerConfig, 'results_open_end_s' | 'insert_points_max' | 'results_read_rows_max'>;

/**
 * All jobs of a tick share the inserts. The order makes a crash harmless: first the revision that is begun, then the
 * rows, at last how far they are complete. Whoever finds a revision begun and not completed writes what is missing under
 * its number.
 */
export function createResultsWriter(store: Store, limits: Limits): ResultsWriter {
  const jobs = new Map<string, Kept>();
  const pending = new Map<string, Pending>();
  let version = 0;

  async function keptOf(job: string): Promise<Kept> {
    const known = jobs.get(job);
    if (known?.isUncertain === false) return known;
    pending.delete(job);
    const [published, newest] = await Promise.all([
      readPublished(store, job, limits.results_read_rows_max),
      readNewestVersion(store, job),
    ]);
    // whoever wrote them may have had a clock that is ahead of this one
    version = Math.max(version, newest);
    const kept = { published, isUncertain: false, written_us: Number.NEGATIVE_INFINITY, spec: '' };
    jobs.set(job, kept);
    return kept;
  }

  /** What is published of steps behind the chapters that an account has in common with what is published. */
  async function stepsBehind(
    job: string,
    before: PublishedLive,
    look: LiveLook,
  ): Promise<readonly StepRow[]> {
    const common = commonChapters(before, look);
    if (common === before.chapters.length) return before.steps;
    const end_us = endOfChapters(look, common);
    return await readSteps(
      store,
      job,
      limits.results_read_rows_max,
      Number.isFinite(end_us) ? end_us : undefined,
    );
  }

  async function publishingOf({ view, kept: look, whole }: PresentJob): Promise<Publishing<Published>> {
    const { job } = view;
    const { published } = await keptOf(job);
    // what was added and is not written yet is added anew
    if (isLive(published)) published.stretches.revert();
    if (isLive(published) && look !== undefined) {
      return livePublishing(published, look, await stepsBehind(job, published, look));
    }
    if (look !== undefined && !isLive(published)) {
      const first = publishing(published, wholeAccount(look));
      return { ...first, next: livePublished(first.next, look) };
    }
    // kept up to date no more: what is published is compared as a whole
    if (isLive(published)) jobs.delete(job);
    const { published: before } = await keptOf(job);
    if (isLive(before)) throw new Error('what is published of a job was not read anew');
    return publishing(before, whole().account);
  }

  return {
    async add(present, now_us) {
      const { view } = present;
      if (view.account.attempts.length === 0) return;
      const next = await publishingOf(present);
      const kept = await keptOf(view.job);
      const isDue = now_us - kept.written_us >= limits.results_open_end_s * 1e6;
      if (next.isOnlyGrowth && !isDue) {
        if (isLive(kept.published)) kept.published.stretches.revert();
        return;
      }
      pending.set(view.job, { kept, publishing: next, spec: specRow(view) });
    },
    async flush(now_us) {
      if (pending.size === 0) return;
      version = Math.max(version + 1, now_us);
      const batch = [...pending];
      try {
        await writeBatch(store, batch, { version, now_us, rows_max: limits.insert_points_max });
      } catch (error) {
        // part of it may be in the tables: it is written again, or compared with them where there is news
        for (const [, { kept }] of batch) kept.isUncertain = true;
        throw error;
      }
      for (const [job, { kept, publishing: written, spec }] of batch) {
        kept.published = written.next;
        if (isLive(kept.published)) kept.published.stretches.accept();
        kept.isUncertain = false;
        kept.written_us = now_us;
        kept.spec = JSON.stringify(spec);
        pending.delete(job);
      }
    },
    revisionOf: (job) => jobs.get(job)?.published.revision,
    keepOnly(followed) {
      for (const job of jobs.keys()) if (!followed.has(job) && !pending.has(job)) jobs.delete(job);
    },
  };
}

function isLive(published: PublishedFigures): published is PublishedLive {
  return 'stretches' in published;
}

interface Writing {
  readonly version: number;
  readonly now_us: number;
  readonly rows_max: number;
}

async function writeBatch(
  store: Store,
  batch: readonly (readonly [string, Pending])[],
  writing: Writing,
): Promise<void> {
  const { version, now_us, rows_max } = writing;
  const stampOf = (job: string, { publishing: { next } }: Pending): Omit<RowStamp, 'deleted'> => {
    return { job, revision: next.revision, version };
  };
  await insertObjects(
    store,
    'job_revisions',
    batch.flatMap(([job, one]) => revisionRows(job, one, writing)),
  );
  const specs = batch.filter(([, { kept, spec }]) => kept.spec !== JSON.stringify(spec));
  await insertObjects(
    store,
    'job_specs',
    specs.map(([job, { spec }]) => ({ job, ...spec, version })),
  );
  const steps = new BinaryInsert(store, 'job_steps', STEP_COLUMNS, rows_max);
  for (const [job, one] of batch) {
    const stamp = stampOf(job, one);
    for (const { row, deleted } of one.publishing.steps) {
      await steps.add((to) => writeStep(to, row, { ...stamp, deleted }));
    }
  }
  await steps.finish();
  const segments = new BinaryInsert(store, 'job_segments', SEGMENT_COLUMNS, rows_max);
  for (const [job, one] of batch) {
    const stamp = stampOf(job, one);
    for (const { row, deleted } of one.publishing.segments) {
      await segments.add((to) => writeSegment(to, row, { ...stamp, deleted }));
    }
  }
  await segments.finish();
  const incidents = batch.flatMap(([job, one]) =>
    one.publishing.incidents.map(({ row, deleted }) => incidentRow(row, { ...stampOf(job, one), deleted })),
  );
  await insertObjects(store, 'job_incidents', incidents);
  await insertObjects(
    store,
    'job_results',
    batch.map(([job, one]) => commitRow(job, one, version, now_us)),
  );
}

function revisionRows(job: string, { publishing: one }: Pending, { version, now_us }: Writing) {
  const { revision, next, goodput } = one;
  if (revision === undefined) return [];
  return [
    {
      job,
      revision: next.revision,
      computed_at_us: now_us,
      reason: revision.reason,
      changed_from_us: revision.from_us,
      changed_to_us: revision.to_us,
      moved_s: revision.moved_s,
      goodput_before_ratio: goodput.before,
      goodput_after_ratio: goodput.after,
      version,
    },
  ];
}

function commitRow(job: string, { publishing: { next, account } }: Pending, version: number, now_us: number) {
  return {
    job,
    revision: next.revision,
    state: account.state,
    from_us: account.from_us,
    accounted_until_us: next.until_us,
    settled_until_us: next.settled_us,
    open_attempt: next.open_attempt,
    computed_at_us: now_us,
    version,
  };
}

async function insertObjects(
  store: Store,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (rows.length > 0) await store.insertRows(table, rows);
}

/** Rows of one table in as few inserts as `rows_max` allows. */
class BinaryInsert {
  readonly #store: Store;
  readonly #table: string;
  readonly #columns: readonly string[];
  readonly #rows_max: number;
  readonly #writer = new RowBinaryWriter();
  #rows = 0;

  constructor(store: Store, table: string, columns: readonly string[], rows_max: number) {
    this.#store = store;
    this.#table = table;
    this.#columns = columns;
    this.#rows_max = rows_max;
  }

  async add(write: (to: RowBinaryWriter) => void): Promise<void> {
    write(this.#writer);
    this.#rows++;
    if (this.#rows >= this.#rows_max) await this.finish();
  }

  async finish(): Promise<void> {
    if (this.#rows === 0) return;
    const body = this.#writer.bytes();
    this.#writer.clear();
    this.#rows = 0;
    await this.#store.insertRowBinary(this.#table, this.#columns, [body]);
  }
}

import { basename } from 'node:path';
import { readEventLines } from '../domain/event-reader.ts';
import type { FaultEvent, JobScopedEvent, RunEvent } from '../domain/events.ts';
import { nodesOf } from '../domain/report/job-nodes.ts';
import { jobReport } from '../domain/report/job-report.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { ANALYZER_DEFAULTS, liveLimits } from '../services/analyzer/config.ts';
import { createJobReader } from '../services/api/job-reader.ts';
import { Problem } from '../services/api/problem.ts';
import { rangeFromQuery } from '../services/api/time-range.ts';
import {
  type DecodeOptions,
  decodeLog,
  UnknownLogFormat,
} from '../services/collector/decoders/logs/decode-log.ts';
import { isFile, textOfFile } from './files.ts';
import { openReadStore } from './open.ts';
import { CommandFailure, EXIT, usageFailure } from './outcome.ts';
import { createServerClient } from './server-client.ts';

/** Where `npm start` listens unless told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:8470';

export interface SourceOptions {
  readonly url?: string | undefined;
  readonly data?: string | undefined;
  readonly token?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** What the caller knows about the job of a log file. */
  readonly log?: Omit<DecodeOptions, 'job'> | undefined;
}

/**
 * The report of a job: of a log or an event file when JOB is a path, from the tables under `--data`, else from a running
 * Headway. An unknown job ends in exit code 1, an unreachable Headway in 3, a bad argument in 2.
 */
export async function reportOfJob(job: string, options: SourceOptions): Promise<JobReport> {
  if (await isFile(job)) return reportOfFile(job, options);
  if (options.data !== undefined) return reportFromTables(job, options.data, options);
  const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
  const { from, to } = options;
  // the server answers the shape that this same program builds
  return (await client.getJson(`/v1/jobs/${encodeURIComponent(job)}`, { from, to })) as JobReport;
}

async function reportOfFile(path: string, options: SourceOptions): Promise<JobReport> {
  const { job, events, faults } = await jobOfFile(path, options.log);
  return jobReport(events, { job, faults, ...rangeOf(options) });
}

interface FileJob {
  readonly job: string;
  readonly events: readonly JobScopedEvent[];
  readonly faults: readonly FaultEvent[];
}

/** The job that an event file tells of, or that a trainer's log is of; the file's name names the latter. */
async function jobOfFile(path: string, log: SourceOptions['log']): Promise<FileJob> {
  const text = await textOfFile(path);
  if (!text.trimStart().startsWith('{')) return jobOfLog(path, text, log);
  const read = readEventLines(text);
  const events = read.events.map(({ event }) => event);
  const [job, ...others] = new Set(events.flatMap((event) => (isJobScoped(event) ? [event.job] : [])));
  if (job === undefined) {
    const first = read.rejected[0];
    const why = first === undefined ? 'it holds no event of a job' : `line ${first.line}: ${first.message}`;
    throw usageFailure(`${path} cannot be read as run events: ${why}.`);
  }
  if (others.length > 0) {
    throw usageFailure(
      `${path} holds events of several jobs (${[job, ...others].join(', ')}). Import it, then ask for one.`,
    );
  }
  return splitEvents(job, events);
}

function jobOfLog(path: string, text: string, log: SourceOptions['log']): FileJob {
  const job = basename(path).replace(/\.(log|txt|out|gz)+$/, '');
  try {
    return splitEvents(job, decodeLog(text, { ...log, job }).events);
  } catch (error) {
    if (error instanceof UnknownLogFormat || error instanceof RangeError) {
      throw usageFailure(`${path}: ${error.message}`, error);
    }
    throw error;
  }
}

async function reportFromTables(job: string, dir: string, options: SourceOptions): Promise<JobReport> {
  const store = await openReadStore(dir, silentLog);
  try {
    const reader = createJobReader(store);
    const { events } = splitEvents(job, await reader.events(job));
    if (events.length === 0) {
      throw new CommandFailure(
        EXIT.problem_found,
        `no event of a job named ${job} is in ${dir}. \`headway report\` without --data asks a running Headway.`,
      );
    }
    const now_us = systemClock.now_us();
    const faults = await reader.faults(job, nodesOf(events), 0, now_us);
    return jobReport(events, {
      job,
      now_us,
      live: liveLimits(ANALYZER_DEFAULTS),
      faults,
      ...rangeOf(options),
    });
  } finally {
    await store.close();
  }
}

function splitEvents(job: string, all: readonly RunEvent[]): FileJob {
  const faults = all.filter((event): event is FaultEvent => event.type === 'fault');
  return { job, events: all.filter(isJobScoped), faults };
}

function isJobScoped(event: RunEvent): event is JobScopedEvent {
  return event.type !== 'fault' && event.type !== 'node_state';
}

function rangeOf({ from, to }: SourceOptions) {
  const query: Record<string, string> = {};
  if (from !== undefined) query['from'] = from;
  if (to !== undefined) query['to'] = to;
  try {
    return rangeFromQuery(query, systemClock.now_us());
  } catch (error) {
    if (error instanceof Problem) throw usageFailure(error.message, error);
    throw error;
  }
}

import {
  type FaultEvent,
  isJobScoped,
  type JobScopedEvent,
  type NodeStateEvent,
  type RunEvent,
} from '../domain/events.ts';
import { nodesOf } from '../domain/report/job-nodes.ts';
import { jobReport, reportOfView } from '../domain/report/job-report.ts';
import { jobView } from '../domain/report/job-view.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { siteOf } from '../services/all-in-one/config.ts';
import { ANALYZER_DEFAULTS, liveLimits } from '../services/analyzer/config.ts';
import { createDeviceReader } from '../services/api/device-reader.ts';
import { createJobReader } from '../services/api/job-reader.ts';
import { Problem } from '../services/api/problem.ts';
import { rangeFromQuery } from '../services/api/time-range.ts';
import { isFile } from './files.ts';
import { readImports } from './import-files.ts';
import { openReadStore } from './open.ts';
import { CommandFailure, EXIT, usageFailure } from './outcome.ts';
import { createServerClient } from './server-client.ts';
import { settingsFrom } from './settings.ts';

/** Where `npm start` listens unless told otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:8470';

export interface SourceOptions {
  readonly url?: string | undefined;
  readonly data?: string | undefined;
  readonly token?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * The report of a job: of a log or an event file when JOB is a path, from the tables under `--data`, else from a running
 * Headway. An unknown job ends in exit code 1, an unreachable Headway in 3, a bad argument in 2.
 */
export async function reportOfJob(job: string, options: SourceOptions): Promise<JobReport> {
  if (await isFile(job)) return reportOfFile(job, options);
  if (/\.(log|txt|ndjson|jsonl|gz)$/.test(job))
    throw usageFailure(`there is no file ${job}. Check the path.`);
  if (options.data !== undefined) return reportFromTables(job, options.data, options);
  const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
  const { from, to } = options;
  // the server answers the shape that this same program builds
  return (await client.getJson(`/v1/jobs/${encodeURIComponent(job)}`, { from, to })) as JobReport;
}

/** A log or an event file, read as `import` reads it; nothing is stored. */
async function reportOfFile(path: string, options: SourceOptions): Promise<JobReport> {
  const now_us = systemClock.now_us();
  const { jobs } = await readImports({ paths: [path], job: undefined, format: 'auto', known: {}, now_us });
  const [first, ...others] = jobs;
  if (first === undefined) throw usageFailure(`${path} holds no event of a job.`);
  for (const { message } of first.damaged) {
    throw usageFailure(`${path}: ${message}. \`headway import\` reports on as much as there is.`);
  }
  if (others.length > 0) {
    const names = [first, ...others].map(({ job }) => job).join(', ');
    throw usageFailure(`${path} holds events of several jobs (${names}). Import it, then ask for one.`);
  }
  const { job, events, faults, node_states } = splitEvents(first.job, first.events);
  const site = siteOf(settingsFrom({}).config);
  return jobReport(events, { job, faults, node_states, site, ...rangeOf(options) });
}

interface JobEvents {
  readonly job: string;
  readonly events: readonly JobScopedEvent[];
  readonly faults: readonly FaultEvent[];
  readonly node_states: readonly NodeStateEvent[];
}

async function reportFromTables(job: string, dir: string, options: SourceOptions): Promise<JobReport> {
  const tables = await openReadStore(dir, silentLog);
  try {
    const reader = createJobReader(tables.store);
    const { events } = splitEvents(job, await reader.events(job));
    if (events.length === 0) {
      throw new CommandFailure(
        EXIT.problem_found,
        `no event of a job named ${job} is in ${dir}. \`headway report\` without --data asks a running Headway.`,
      );
    }
    const now_us = systemClock.now_us();
    const nodes = nodesOf(events);
    const faults = await reader.faults(job, nodes, 0, now_us);
    const node_states = await reader.nodeStates(nodes, 0, now_us);
    const settings = settingsFrom({}).config;
    const site = siteOf(settings);
    const live = liveLimits(ANALYZER_DEFAULTS);
    const view = jobView(events, { job, now_us, live, faults, node_states, site, ...rangeOf(options) });
    const devices = createDeviceReader(tables.store, settings.device_telemetry, silentLog);
    return reportOfView({ ...view, telemetry: await devices.telemetry(view, events) });
  } finally {
    await tables.close();
  }
}

function splitEvents(job: string, all: readonly RunEvent[]): JobEvents {
  const faults = all.filter((event): event is FaultEvent => event.type === 'fault');
  const node_states = all.filter((event): event is NodeStateEvent => event.type === 'node_state');
  return { job, events: all.filter(isJobScoped), faults, node_states };
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

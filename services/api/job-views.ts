import type { Context } from 'hono';
import { isJobScoped, type JobScopedEvent } from '../../domain/events.ts';
import { nodesOf } from '../../domain/report/job-nodes.ts';
import { type JobView, jobView, type ViewOptions } from '../../domain/report/job-view.ts';
import { specHistory } from '../../domain/report/spec-history.ts';
import { throughputOf } from '../../domain/report/throughput.ts';
import type { JobReader } from './job-reader.ts';
import { Problem } from './problem.ts';
import { rangeFromQuery, timeFromText } from './time-range.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

/** The job of the path, in the range and at the moment that the query names. Throws a {@link Problem}. */
export async function viewOf(c: Context, deps: V1Dependencies, withDevices: boolean): Promise<JobView> {
  const now_us = deps.clock.now_us();
  const at = c.req.query('at');
  const { from_us, to_us } = rangeFromQuery(c.req.query(), now_us);
  const at_us = at === undefined ? undefined : timeFromText('at', at, now_us);
  return readView(deps, c.req.param('job') ?? '', { from_us, to_us, at_us }, withDevices);
}

/** A job as the tables hold it. Throws a 404 {@link Problem} for a job of which no event arrived. */
export async function readView(
  { jobs, clock, live, devices, site }: V1Dependencies,
  job: string,
  options: Pick<ViewOptions, 'from_us' | 'to_us' | 'at_us'>,
  withDevices = false,
): Promise<JobView> {
  const events = await scopedEvents(jobs, job);
  const now_us = options.at_us ?? clock.now_us();
  const nodes = nodesOf(events);
  const from_us = earliestOf(events);
  const [faults, node_states, heard_until_us] = await Promise.all([
    jobs.faults(job, nodes, from_us, now_us),
    jobs.nodeStates(nodes, from_us, now_us),
    jobs.heardUntil(nodes, now_us - HEARD_LOOKBACK_US),
  ]);
  const limits = heard_until_us === undefined ? live : { ...live, heard_until_us };
  const baseline_tokens_per_s_per_device = await baselineRate(jobs, job, events, now_us);
  const surroundings = { faults, node_states, site, baseline_tokens_per_s_per_device };
  const view = jobView(events, { job, now_us, ...options, live: limits, ...surroundings });
  if (!withDevices || devices === undefined) return view;
  return { ...view, telemetry: await devices.telemetry(view, events) };
}

/** Rate of the job that this one names as its baseline; null when it names none, itself, or one that is not known. */
async function baselineRate(
  jobs: JobReader,
  job: string,
  events: readonly JobScopedEvent[],
  now_us: number,
): Promise<number | null> {
  const { baseline } = specHistory(events).merged;
  if (baseline === undefined || !('job' in baseline) || baseline.job === job) return null;
  const others = (await jobs.events(baseline.job)).filter(isJobScoped);
  if (others.length === 0) return null;
  const { measured } = jobView(others, { job: baseline.job, now_us });
  return throughputOf(measured).tokens_per_s_per_device;
}

async function scopedEvents(jobs: JobReader, job: string): Promise<JobScopedEvent[]> {
  const events = await jobs.events(job);
  const scoped = events.filter(isJobScoped);
  if (scoped.length > 0) return scoped;
  throw new Problem(
    404,
    'Unknown job',
    `No event of a job named ${JSON.stringify(job)} arrived. /v1/jobs lists the known ones.`,
  );
}

/** Telemetry older than this is of no job that is still followed: as long as the analyzer follows one that says nothing. */
const HEARD_LOOKBACK_US = 7 * 86_400e6;

/** Faults and states before the first event may still explain a failure after it. */
const SURROUNDINGS_BEFORE_US = 600e6;

/** Since when what happens around a job may say something of it. */
export function earliestOf(events: readonly JobScopedEvent[]): number {
  const starts = events.flatMap((event) => (event.type === 'attempt_start' ? [event.time_us] : []));
  const first_us = starts.length === 0 ? 0 : starts.reduce((a, b) => Math.min(a, b));
  return first_us - SURROUNDINGS_BEFORE_US;
}

import { type Context, Hono } from 'hono';
import { efficiencyOf } from '../../../domain/report/efficiency.ts';
import { jobReport, reportLedger } from '../../../domain/report/job-report.ts';
import { linearityOfReports } from '../../../domain/report/linearity-of-reports.ts';
import type { JobScopedEvent } from '../../../domain/events.ts';
import { DEFINITIONS, type LinearityDefinition } from '../../../domain/linearity.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { ApiConfig } from '../config.ts';
import type { JobReader } from '../job-reader.ts';
import { Problem, problemResponse } from '../problem.ts';
import { rangeFromQuery, timeFromText } from '../time-range.ts';

export interface V1Dependencies {
  readonly config: ApiConfig;
  readonly jobs: JobReader;
  readonly clock: Clock;
  /** How an open job's open step is judged: `domain/ledger.ts`, live states. */
  readonly live: ReportLive;
  /** Resolves when everything acknowledged before the call is in the tables; answers `?consistent=true`. */
  readonly caughtUp: () => Promise<void>;
}

export type ReportLive = Parameters<typeof jobReport>[1]['live'];

/** The read routes under `/v1`: one shape per thing, the same as the command line's `--json`. */
export function createV1Routes(deps: V1Dependencies): Hono {
  const app = new Hono();
  app.onError(problemResponse);
  app.get('/jobs', (c) => listJobs(c, deps));
  app.get('/jobs/:job', async (c) => c.json(await reportOf(c, deps)));
  app.get('/jobs/:job/incidents', async (c) => {
    const { job, incidents, mttr, quality } = await reportOf(c, deps);
    return c.json({ job, incidents, mttr, quality });
  });
  app.get('/jobs/:job/ledger', async (c) => {
    const { events, options } = await inputsOf(c, deps);
    return c.json(reportLedger(events, { ...options, windows_us: windowsOf(c, deps.config) }));
  });
  app.get('/jobs/:job/efficiency', async (c) => c.json(efficiencyOf(await reportOf(c, deps))));
  app.get('/jobs/:job/linearity', async (c) => c.json(await linearityOf(c, deps)));
  return app;
}

async function listJobs(c: Context, { config, jobs, caughtUp }: V1Dependencies): Promise<Response> {
  if (c.req.query('consistent') === 'true') await caughtUp();
  const limit = limitOf(c.req.query('limit'), config);
  const rows = await jobs.list(cursorOf(c.req.query('cursor')), limit);
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return c.json({
    jobs: rows.map(({ job, events, first_event_us, newest_event_us }) => ({
      job,
      events,
      first_event_at: new Date(first_event_us / 1000).toISOString(),
      newest_event_at: new Date(newest_event_us / 1000).toISOString(),
    })),
    next: last === undefined ? null : Buffer.from(last.job).toString('base64url'),
  });
}

async function inputsOf(c: Context, { jobs, clock, live, caughtUp }: V1Dependencies) {
  if (c.req.query('consistent') === 'true') await caughtUp();
  const job = c.req.param('job') ?? '';
  const events = await scopedEvents(jobs, job);
  const now_us = clock.now_us();
  const at = c.req.query('at');
  const range = rangeFromQuery(c.req.query(), now_us);
  const at_us = at === undefined ? undefined : timeFromText('at', at, now_us);
  return { events, options: { job, now_us, at_us, ...range, live } };
}

async function reportOf(c: Context, deps: V1Dependencies) {
  const { events, options } = await inputsOf(c, deps);
  return jobReport(events, options);
}

async function scopedEvents(jobs: JobReader, job: string): Promise<JobScopedEvent[]> {
  const events = await jobs.events(job);
  const scoped = events.filter((event): event is JobScopedEvent => event.type !== 'fault' && event.type !== 'node_state');
  if (scoped.length > 0) return scoped;
  throw new Problem(404, 'Unknown job', `No event of a job named ${JSON.stringify(job)} arrived. /v1/jobs lists the known ones.`);
}

async function linearityOf(c: Context, deps: V1Dependencies) {
  const definition = definitionOf(c.req.query('definition'));
  const own = await reportOf(c, deps);
  const others = await Promise.all(
    (c.req.queries('with') ?? []).map(async (job) => {
      const now_us = deps.clock.now_us();
      return jobReport(await scopedEvents(deps.jobs, job), { job, now_us, live: deps.live });
    }),
  );
  return { ...linearityOfReports([...others, own], definition), quality: own.quality };
}

function definitionOf(text: string | undefined): LinearityDefinition {
  if (text === undefined) return 'tokens';
  const known = DEFINITIONS.find((name) => name === text);
  if (known !== undefined) return known;
  throw new Problem(400, 'Bad definition', `definition=${text} is not one of ${DEFINITIONS.join(', ')}.`);
}

function windowsOf(c: Context, { windows_max }: ApiConfig): { size_us: number; count_max: number } | undefined {
  const text = c.req.query('windows');
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new Problem(400, 'Bad windows', `windows=${text} must be a length in seconds above 0.`);
  return { size_us: Math.round(seconds * 1e6), count_max: windows_max };
}

function limitOf(text: string | undefined, { jobs_limit, jobs_limit_max }: ApiConfig): number {
  if (text === undefined) return jobs_limit;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= jobs_limit_max) return limit;
  throw new Problem(400, 'Bad limit', `limit=${text} must be a whole number from 1 to ${jobs_limit_max}.`);
}

function cursorOf(text: string | undefined): string {
  return text === undefined ? '' : Buffer.from(text, 'base64url').toString('utf8');
}

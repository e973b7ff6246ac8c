import { type Context, Hono } from 'hono';
import { type FaultEvent, isJobScoped, type JobScopedEvent } from '../../../domain/events.ts';
import type { LiveLimits } from '../../../domain/ledger/ledger-shape.ts';
import { DEFINITIONS, type LinearityDefinition } from '../../../domain/linearity.ts';
import { efficiencyOf } from '../../../domain/report/efficiency.ts';
import { explainView } from '../../../domain/report/explain.ts';
import { nodesOf } from '../../../domain/report/job-nodes.ts';
import { ledgerOfView, reportOfView } from '../../../domain/report/job-report.ts';
import { type JobView, jobView, type ViewOptions } from '../../../domain/report/job-view.ts';
import { linearityOfReports } from '../../../domain/report/linearity-of-reports.ts';
import type { JobReport } from '../../../domain/report/report-shape.ts';
import type { SiteConfig } from '../../../domain/report/site.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { ApiConfig } from '../config.ts';
import type { DeviceReader } from '../device-reader.ts';
import type { JobReader } from '../job-reader.ts';
import { indexPage, namePage, pageFromQuery } from '../paging.ts';
import { isAsked, takeOnly } from '../parameters.ts';
import { isInternal, Problem, problemResponse } from '../problem.ts';
import { rangeFromQuery, timeFromText } from '../time-range.ts';

export interface V1Dependencies {
  readonly config: ApiConfig;
  readonly jobs: JobReader;
  /** Device telemetry for answers that tell of it; without one they say that none was read. */
  readonly devices?: DeviceReader;
  readonly site?: SiteConfig;
  readonly clock: Clock;
  /** How an open job's open step is judged (`domain/ledger`, live states). */
  readonly live: LiveLimits;
  /** Resolves when everything acknowledged before the call is in the tables; answers `?consistent=true`. */
  readonly caughtUp: () => Promise<void>;
  /** Told of failures that the caller can do nothing about. */
  readonly log?: Log;
}

/** What a route of one job takes beside its own: the range, the moment, and whether to show the inputs. */
const OF_A_JOB = ['from', 'to', 'at', 'explain'];
const PAGED = ['limit', 'cursor'];

/** Answers with figures from device telemetry, which the others need not wait for. */
const TELLS_OF_DEVICES = new Set(['', '/efficiency']);

/** The read routes under `/v1`: one shape per thing, the same as the command line's `--json`. */
export function createV1Routes(deps: V1Dependencies): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (isInternal(error)) deps.log?.error('request failed', { path: c.req.path, error: error.message });
    return problemResponse(error, c);
  });
  app.get('/jobs', async (c) => {
    takeOnly(c, PAGED);
    await consistent(c, deps);
    return listJobs(c, deps);
  });
  const ofJob = (path: string, parameters: readonly string[], body: Body) =>
    app.get(`/jobs/:job${path}`, async (c) => {
      takeOnly(c, [...parameters, ...OF_A_JOB]);
      const explains = isAsked(c, 'explain');
      await consistent(c, deps);
      const view = await viewOf(c, deps, TELLS_OF_DEVICES.has(path));
      return answer(c, view, await body(c, deps, view), explains);
    });
  ofJob('', ['windows'], report);
  ofJob('/ledger', ['windows'], ledger);
  ofJob('/incidents', PAGED, incidents);
  ofJob('/efficiency', [], (_, __, view) => efficiencyOf(reportOfView(view), view.spec));
  ofJob('/linearity', ['definition', 'baseline', 'with'], (c, _, view) =>
    linearityOf(c, deps, reportOfView(view)),
  );
  return app;
}

type Body = (c: Context, deps: V1Dependencies, view: JobView) => object | Promise<object>;

async function consistent(c: Context, { caughtUp }: V1Dependencies): Promise<void> {
  if (isAsked(c, 'consistent')) await caughtUp();
}

/** The body with the resolved range, and with its inputs where the caller asks for them. */
function answer(c: Context, view: JobView, body: object, explains: boolean): Response {
  const { account, range } = view;
  const resolved = {
    from: timeText(range.from_us ?? account.from_us),
    to: timeText(range.to_us ?? account.to_us),
  };
  return c.json({ ...body, range: resolved, ...(explains ? { explain: explainView(view) } : {}) });
}

async function listJobs(c: Context, { config, jobs }: V1Dependencies): Promise<Response> {
  const page = pageFromQuery(c.req.query(), 'jobs', config);
  const rows = await jobs.list(page.after, page.limit);
  return c.json(
    namePage(
      'jobs',
      rows.map(({ job, events, first_event_us, newest_event_us }) => ({
        job,
        events,
        first_event_at: timeText(first_event_us),
        newest_event_at: timeText(newest_event_us),
      })),
      page,
      ({ job }) => job,
    ),
  );
}

/** The report; its ledger in windows where asked for. */
function report(c: Context, { config }: V1Dependencies, view: JobView): object {
  const windows_us = windowsOf(c, config, view);
  const whole = reportOfView(view);
  if (windows_us === undefined) return whole;
  const { quality: _, ...inWindows } = ledgerOfView(view, windows_us);
  return { ...whole, ledger: inWindows };
}

function ledger(c: Context, { config }: V1Dependencies, view: JobView): object {
  return ledgerOfView(view, windowsOf(c, config, view));
}

function incidents(c: Context, { config }: V1Dependencies, view: JobView): object {
  const page = pageFromQuery(c.req.query(), 'incidents', config);
  const { job, mttr, quality, incidents: all } = reportOfView(view);
  return { job, ...indexPage('incidents', all, page), mttr, quality };
}

async function viewOf(c: Context, deps: V1Dependencies, withDevices: boolean): Promise<JobView> {
  const now_us = deps.clock.now_us();
  const at = c.req.query('at');
  const { from_us, to_us } = rangeFromQuery(c.req.query(), now_us);
  const at_us = at === undefined ? undefined : timeFromText('at', at, now_us);
  return readView(deps, c.req.param('job') ?? '', { from_us, to_us, at_us }, withDevices);
}

async function readView(
  { jobs, clock, live, devices, site }: V1Dependencies,
  job: string,
  options: Pick<ViewOptions, 'from_us' | 'to_us' | 'at_us'>,
  withDevices = false,
): Promise<JobView> {
  const events = await scopedEvents(jobs, job);
  const now_us = options.at_us ?? clock.now_us();
  const nodes = nodesOf(events);
  const [faults, heard_until_us] = await Promise.all([
    faultsOf(jobs, job, nodes, events, now_us),
    jobs.heardUntil(nodes, now_us - HEARD_LOOKBACK_US),
  ]);
  const limits = heard_until_us === undefined ? live : { ...live, heard_until_us };
  const view = jobView(events, { job, now_us, ...options, live: limits, faults, site });
  if (!withDevices || devices === undefined) return view;
  return { ...view, telemetry: await devices.telemetry(view, events) };
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

/** Faults before the first event may still explain a failure after it. */
const FAULTS_BEFORE_US = 600e6;

async function faultsOf(
  jobs: JobReader,
  job: string,
  nodes: readonly string[],
  events: readonly JobScopedEvent[],
  now_us: number,
): Promise<FaultEvent[]> {
  const starts = events.flatMap((event) => (event.type === 'attempt_start' ? [event.time_us] : []));
  const first_us = starts.length === 0 ? 0 : starts.reduce((a, b) => Math.min(a, b));
  return jobs.faults(job, nodes, first_us - FAULTS_BEFORE_US, now_us);
}

/** Against the job that the caller names as `baseline`, else the one that the job's own description names. */
async function linearityOf(c: Context, deps: V1Dependencies, own: JobReport): Promise<object> {
  const definition = definitionOf(c.req.query('definition'));
  const asked = c.req.query('baseline');
  const baseline = asked === undefined ? own.spec.baseline : { job: asked };
  const named = baseline !== undefined && 'job' in baseline ? [baseline.job] : [];
  const others = [...new Set([...named, ...(c.req.queries('with') ?? [])])].filter((job) => job !== own.job);
  const reports = await Promise.all(others.map(async (job) => reportOfView(await readView(deps, job, {}))));
  return { ...linearityOfReports([...reports, own], definition, baseline), quality: own.quality };
}

function definitionOf(text: string | undefined): LinearityDefinition {
  if (text === undefined) return 'tokens';
  const known = DEFINITIONS.find((name) => name === text);
  if (known !== undefined) return known;
  throw new Problem(400, 'Bad definition', `definition=${text} is not one of ${DEFINITIONS.join(', ')}.`);
}

function windowsOf(
  c: Context,
  { windows_max }: ApiConfig,
  { account, range }: JobView,
): { size_us: number; count_max: number } | undefined {
  const text = c.req.query('windows');
  if (text === undefined) return undefined;
  const size_us = Math.round(Number(text) * 1e6);
  if (!(size_us > 0))
    throw new Problem(400, 'Bad windows', `windows=${text} must be a length in seconds above 0.`);
  const span_us = (range.to_us ?? account.to_us) - (range.from_us ?? account.from_us);
  if (span_us / size_us > windows_max) {
    throw new Problem(
      400,
      'Too many windows',
      `windows=${text} cuts ${span_us / 1e6} s into more than ${windows_max}. Ask for longer windows or a shorter range.`,
    );
  }
  return { size_us, count_max: windows_max };
}

function timeText(us: number): string {
  return new Date(us / 1000).toISOString();
}

import { type Context, Hono } from 'hono';
import { DEFINITIONS, type LinearityDefinition } from '../../../domain/linearity.ts';
import { efficiencyOf } from '../../../domain/report/efficiency.ts';
import { explainView } from '../../../domain/report/explain.ts';
import { ledgerOfView, reportOfView } from '../../../domain/report/job-report.ts';
import type { JobView } from '../../../domain/report/job-view.ts';
import { linearityOfReports } from '../../../domain/report/linearity-of-reports.ts';
import { mttrReport } from '../../../domain/report/reliability-sections.ts';
import type { JobReport } from '../../../domain/report/report-shape.ts';
import { timeText } from '../../../domain/report/time-text.ts';
import { readView, viewOf } from '../job-views.ts';
import { rangeOf, windowsOf } from '../ledger-windows.ts';
import type { OperationId } from '../openapi/operations.ts';
import { indexPage, namePage, pageFromQuery } from '../paging.ts';
import { isAsked } from '../parameters.ts';
import { isInternal, Problem, problemResponse } from '../problem.ts';
import { publishedIncidents } from '../published-incidents.ts';
import { publishedQuality } from '../published-job.ts';
import { addRead } from '../read-routes.ts';
import { rangeText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';
import { addAlertRoutes } from './v1-alerts.ts';
import { addCatalogRoutes } from './v1-catalog.ts';
import { addCollectiveRoutes } from './v1-collectives.ts';
import { addFleetRoutes } from './v1-fleet.ts';
import { addIncidentRoutes } from './v1-incidents.ts';
import { addLedgerRoute } from './v1-ledger.ts';
import { addNodeRoutes } from './v1-nodes.ts';
import { addRevisionRoutes } from './v1-revisions.ts';
import { addStepRoutes } from './v1-steps.ts';
import { addStragglerRoutes } from './v1-stragglers.ts';
import { addStreamRoutes } from './v1-stream.ts';

export type { V1Dependencies } from '../v1-dependencies.ts';

/** Answers with figures from device telemetry, which the others need not wait for. */
const TELLS_OF_DEVICES = new Set<OperationId>(['getJob', 'getEfficiency']);

/** The read routes under `/v1`: one shape per thing, the same as the command line's `--json`. */
export function createV1Routes(deps: V1Dependencies): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (isInternal(error)) deps.log?.error('request failed', { path: c.req.path, error: error.message });
    return problemResponse(error, c);
  });
  addRead(app, deps, 'listJobs', (c) => listJobs(c, deps));
  const ofJob = (id: OperationId, body: Body) =>
    addRead(app, deps, id, async (c) => {
      const explains = isAsked(c, 'explain');
      const view = await viewOf(c, deps, TELLS_OF_DEVICES.has(id));
      return answer(c, view, await body(c, deps, view), explains);
    });
  ofJob('getJob', report);
  addLedgerRoute(app, deps);
  addRevisionRoutes(app, deps);
  addFleetRoutes(app, deps);
  addRead(app, deps, 'listIncidents', (c) => incidents(c, deps));
  ofJob('getEfficiency', (_, __, view) => efficiencyOf(reportOfView(view), view.spec));
  ofJob('getLinearity', (c, _, view) => linearityOf(c, deps, reportOfView(view)));
  addStepRoutes(app, deps);
  addStragglerRoutes(app, deps);
  addCollectiveRoutes(app, deps);
  addIncidentRoutes(app, deps);
  addNodeRoutes(app, deps);
  addCatalogRoutes(app, deps);
  addAlertRoutes(app, deps);
  addStreamRoutes(app, deps);
  return app;
}

type Body = (c: Context, deps: V1Dependencies, view: JobView) => object | Promise<object>;

/** The body with the resolved range, and with its inputs where the caller asks for them. */
function answer(c: Context, view: JobView, body: object, explains: boolean): Response {
  return c.json({ ...body, range: rangeText(view), ...(explains ? { explain: explainView(view) } : {}) });
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
  const windows_us = windowsOf(c, config, rangeOf(view));
  const whole = reportOfView(view);
  if (windows_us === undefined) return whole;
  const { quality: _, ...inWindows } = ledgerOfView(view, windows_us);
  return { ...whole, ledger: inWindows };
}

async function incidents(c: Context, deps: V1Dependencies): Promise<Response> {
  const page = pageFromQuery(c.req.query(), 'incidents', deps.config);
  const job = c.req.param('job') ?? '';
  const told = await publishedIncidents(c, deps, job);
  if (told !== undefined) {
    const { published, ledger, range, incidents: all } = told;
    return c.json({
      job,
      ...indexPage('incidents', all, page),
      mttr: mttrReport(all),
      quality: publishedQuality(published, ledger, {}),
      range: rangeText({ account: published.account, range }),
    });
  }
  const explains = isAsked(c, 'explain');
  const view = await viewOf(c, deps, false);
  const { mttr, quality, incidents: all } = reportOfView(view);
  return answer(c, view, { job, ...indexPage('incidents', all, page), mttr, quality }, explains);
}

/** Against the job that the caller names as `baseline`, else the one that the job's own description names. */
async function linearityOf(c: Context, deps: V1Dependencies, own: JobReport): Promise<object> {
  const definition = definitionOf(c.req.query('definition'));
  const asked = c.req.query('baseline');
  const baseline = asked === undefined ? own.spec.baseline : { job: asked };
  const named = baseline !== undefined && 'job' in baseline ? [baseline.job] : [];
  const others = [...new Set([...named, ...(c.req.queries('with') ?? [])])].filter((job) => job !== own.job);
  const reports = await Promise.all(others.map(async (job) => reportOfView(await readView(deps, job, {}))));
  const learned = (await deps.baselines?.()) ?? [];
  return {
    ...linearityOfReports([...reports, own], definition, baseline, learned),
    quality: own.quality,
  };
}

function definitionOf(text: string | undefined): LinearityDefinition {
  if (text === undefined) return 'tokens';
  const known = DEFINITIONS.find((name) => name === text);
  if (known !== undefined) return known;
  throw new Problem(400, 'Bad definition', `definition=${text} is not one of ${DEFINITIONS.join(', ')}.`);
}

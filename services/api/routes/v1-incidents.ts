import type { Context, Hono } from 'hono';
import { type CauseRow, causeOf, type NamedCauseRow } from '../../../domain/catalog/causes.ts';
import { isJobScoped } from '../../../domain/events.ts';
import { explainView } from '../../../domain/report/explain.ts';
import { type IncidentDetail, incidentDetail } from '../../../domain/report/incident-detail.ts';
import { nodesOf } from '../../../domain/report/job-nodes.ts';
import { reportOfView } from '../../../domain/report/job-report.ts';
import type { Quality } from '../../../domain/report/report-shape.ts';
import { readView } from '../job-views.ts';
import { isAsked } from '../parameters.ts';
import { Problem } from '../problem.ts';
import { publishedIncidents } from '../published-incidents.ts';
import { type PublishedQuality, publishedQuality } from '../published-job.ts';
import { addRead } from '../read-routes.ts';
import { timeFromText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

export interface IncidentAnswer extends IncidentDetail {
  /** What the catalog knows of its cause; null for an unknown cause. */
  readonly cause_row: CauseRow | null;
  /** Below the same address. */
  readonly links: { readonly runbook: string; readonly job: string; readonly node: string | null };
  readonly quality: Quality | PublishedQuality;
}

/** `/v1/incidents/{id}`: the id is `<job>/<attempt>`, for a hang with `/hang-<start>` behind it. */
export function addIncidentRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getIncident', async (c) => {
    const id = c.req.param('id') ?? '';
    const at = c.req.query('at');
    const at_us = at === undefined ? undefined : timeFromText('at', at, deps.clock.now_us());
    const explains = isAsked(c, 'explain');
    const job = await jobOfIncident(deps, id);
    const told = (await ofPublished(c, deps, job)) ?? (await ofEvents(deps, job, at_us));
    const { source, incidents, quality } = told;
    const incident = incidents.find((one) => one.id === id);
    if (incident === undefined) throw unknownIncident(id, job);
    const { account } = source;
    const faults = await faultsAround(deps, job, incident.failed_at_us, account.to_us);
    return c.json({
      ...incidentDetail(incident, account, faults),
      cause_row: incident.cause === null ? null : causeRow(incident.cause),
      links: {
        runbook: `/runbooks/${incident.kind === 'slowdown' ? 'HeadwayMfuLow' : 'HeadwayJobHung'}`,
        job: `/v1/jobs/${encodeURIComponent(job)}`,
        node: incident.node === null ? null : `/v1/nodes/${encodeURIComponent(incident.node)}`,
      },
      quality,
      ...(explains && 'view' in told ? { explain: explainView(told.view) } : {}),
    } satisfies IncidentAnswer & { readonly explain?: object });
  });
}

/** Without the pattern that finds it in texts. */
function causeRow(cause: string): CauseRow | null {
  const row: NamedCauseRow | undefined = causeOf(cause);
  if (row === undefined) return null;
  const { pattern: _, ...shown } = row;
  return shown;
}

async function ofPublished(c: Context, deps: V1Dependencies, job: string) {
  const told = await publishedIncidents(c, deps, job);
  return told === undefined
    ? undefined
    : { ...told, quality: publishedQuality(told.published, told.ledger, {}) };
}

async function ofEvents(deps: V1Dependencies, job: string, at_us: number | undefined) {
  const view = await readView(deps, job, { at_us });
  const { incidents, quality } = reportOfView(view);
  return { view, source: view, incidents, quality };
}

/** The job is what stands before one of the slashes; a name may hold some itself, so the longest known one counts. */
async function jobOfIncident({ jobs }: V1Dependencies, id: string): Promise<string> {
  const parts = id.split('/');
  for (let length = parts.length - 1; length > 0; length -= 1) {
    const job = parts.slice(0, length).join('/');
    if (await jobs.isKnown(job)) return job;
  }
  throw unknownIncident(id, null);
}

function unknownIncident(id: string, job: string | null): Problem {
  const where = job === null ? '/v1/jobs/{job}/incidents' : `/v1/jobs/${encodeURIComponent(job)}/incidents`;
  return new Problem(
    404,
    'Unknown incident',
    `No incident has the id ${JSON.stringify(id)}. ${where} lists the known ones with their ids.`,
  );
}

/** The report's incidents are named by the same faults; here they are shown. */
async function faultsAround(
  { jobs }: V1Dependencies,
  job: string,
  failed_at_us: number,
  accounted_until_us: number,
) {
  const nodes = nodesOf((await jobs.smallEvents(job)).filter(isJobScoped));
  return jobs.faults(job, nodes, failed_at_us - DAY_US, Math.max(accounted_until_us, failed_at_us));
}

/** How far back faults are read; how near they must be to be shown is the detail's. */
const DAY_US = 86_400e6;

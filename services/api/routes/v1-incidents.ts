import type { Hono } from 'hono';
import { type CauseRow, causeOf, type NamedCauseRow } from '../../../domain/catalog/causes.ts';
import { isJobScoped } from '../../../domain/events.ts';
import { explainView } from '../../../domain/report/explain.ts';
import { type IncidentDetail, incidentDetail } from '../../../domain/report/incident-detail.ts';
import { nodesOf } from '../../../domain/report/job-nodes.ts';
import { reportOfView } from '../../../domain/report/job-report.ts';
import type { JobView } from '../../../domain/report/job-view.ts';
import type { Quality } from '../../../domain/report/report-shape.ts';
import { readView } from '../job-views.ts';
import { isAsked } from '../parameters.ts';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import { timeFromText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

export interface IncidentAnswer extends IncidentDetail {
  /** What the catalog knows of its cause; null for an unknown cause. */
  readonly cause_row: CauseRow | null;
  /** Below the same address. */
  readonly links: { readonly runbook: string; readonly job: string; readonly node: string | null };
  readonly quality: Quality;
}

/** `/v1/incidents/{id}`: the id is `<job>/<attempt>`, for a hang with `/hang-<start>` behind it. */
export function addIncidentRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getIncident', async (c) => {
    const id = c.req.param('id') ?? '';
    const at = c.req.query('at');
    const at_us = at === undefined ? undefined : timeFromText('at', at, deps.clock.now_us());
    const explains = isAsked(c, 'explain');
    const view = await viewHolding(deps, id, at_us);
    const report = reportOfView(view);
    const incident = report.incidents.find((one) => one.id === id);
    if (incident === undefined) throw unknownIncident(id, view.job);
    return c.json({
      ...incidentDetail(incident, view, await faultsAround(deps, view, incident.failed_at_us)),
      cause_row: incident.cause === null ? null : causeRow(incident.cause),
      links: {
        runbook: `/runbooks/${incident.kind === 'slowdown' ? 'HeadwayMfuLow' : 'HeadwayJobHung'}`,
        job: `/v1/jobs/${encodeURIComponent(view.job)}`,
        node: incident.node === null ? null : `/v1/nodes/${encodeURIComponent(incident.node)}`,
      },
      quality: report.quality,
      ...(explains ? { explain: explainView(view) } : {}),
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

/** The job is what stands before one of the slashes; a name may hold some itself, so the longest known one counts. */
async function viewHolding(deps: V1Dependencies, id: string, at_us: number | undefined): Promise<JobView> {
  const parts = id.split('/');
  for (let length = parts.length - 1; length > 0; length -= 1) {
    const job = parts.slice(0, length).join('/');
    const events = await deps.jobs.events(job);
    if (events.some(isJobScoped)) return readView(deps, job, { at_us });
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
async function faultsAround({ jobs }: V1Dependencies, view: JobView, failed_at_us: number) {
  const events = (await jobs.events(view.job)).filter(isJobScoped);
  const to_us = Math.max(view.account.to_us, failed_at_us);
  return jobs.faults(view.job, nodesOf(events), failed_at_us - DAY_US, to_us);
}

/** How far back faults are read; how near they must be to be shown is the detail's. */
const DAY_US = 86_400e6;

import type { Context } from 'hono';
import { isJobScoped } from '../../domain/events.ts';
import type { LedgerJson } from '../../domain/ledger/ledger-shape.ts';
import { evidenceOf } from '../../domain/report/job-evidence.ts';
import { nodesOf } from '../../domain/report/job-nodes.ts';
import { type IncidentSource, incidentsOf, type ReportIncident } from '../../domain/report/losses.ts';
import { specHistory } from '../../domain/report/spec-history.ts';
import { earliestOf } from './job-views.ts';
import { onlyOfEvents, type PublishedJob, publishedJob, publishedLedgerOf } from './published-job.ts';
import { resultsOf } from './result-reader.ts';
import { rangeFromQuery, type TimeRange } from './time-range.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

/** The incidents of a job, told from what was published of it and from the few of its events that are no steps. */
export interface PublishedIncidents {
  readonly published: PublishedJob;
  readonly source: IncidentSource;
  readonly range: TimeRange;
  /** Of the range. */
  readonly ledger: LedgerJson;
  /** Of the range, with what each cost in it. */
  readonly incidents: readonly ReportIncident[];
}

/**
 * The incidents that all events give as of `accounted_until`. Undefined where they have to be made of events: there, and
 * where steps slowed down, since what that cost lies in each step. Throws a problem.
 */
export async function publishedIncidents(
  c: Context,
  deps: V1Dependencies,
  job: string,
): Promise<PublishedIncidents | undefined> {
  const published = await publishedJob(c, deps, job);
  if (published === undefined) return undefined;
  const { row } = published;
  const { to_us } = published.account;
  if (row.incidents.some(({ kind }) => kind === 'slowdown')) {
    return onlyOfEvents(published, 'what slow steps cost is in the steps');
  }
  const [firsts, told] = await Promise.all([resultsOf(deps).firstSteps(row), deps.jobs.smallEvents(job)]);
  if (row.open_attempt !== null && !firsts.some(({ attempt }) => attempt === row.open_attempt)) {
    return onlyOfEvents(published, 'the first step of the attempt is under way');
  }
  const small = told.filter(isJobScoped);
  const nodes = nodesOf(small);
  const from_us = earliestOf(small);
  const [faults, node_states] = await Promise.all([
    deps.jobs.faults(job, nodes, from_us, to_us),
    deps.jobs.nodeStates(nodes, from_us, to_us),
  ]);
  const source: IncidentSource = {
    account: { ...published.account, steps: firsts.map((first) => ({ ...first, kind: 'train' as const })) },
    evidence: evidenceOf(small, { at_us: to_us, faults, node_states }),
    spec: { event: specHistory(small).merged },
  };
  const range = rangeFromQuery(c.req.query(), deps.clock.now_us());
  const ledger = publishedLedgerOf(published, range);
  return { published, source, range, ledger, incidents: incidentsOf(source, ledger) };
}

import { canonicalEventLine } from '../domain/event-reader.ts';
import { type FaultEvent, isJobScoped, type NodeStateEvent, type RunEvent } from '../domain/events.ts';
import { jobReport } from '../domain/report/job-report.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { createLog } from '../platform/log.ts';
import { siteOf } from '../services/all-in-one/config.ts';
import { reportOfJob } from './job-source.ts';
import { openAllInOne } from './open.ts';
import { createServerClient, type Rejection } from './server-client.ts';
import { settingsFrom } from './settings.ts';

/** Events handed to the store at once. */
const EVENTS_PER_PUBLISH = 20_000;

/** The report of a job that is kept nowhere: from its events alone, as of its newest one. */
export function reportInMemory(job: string, events: readonly RunEvent[]): JobReport {
  const faults = events.filter((event): event is FaultEvent => event.type === 'fault');
  const node_states = events.filter((event): event is NodeStateEvent => event.type === 'node_state');
  const scoped = events.filter(isJobScoped);
  return jobReport(scoped, { job, faults, node_states, site: siteOf(settingsFrom({}).config) });
}

/** Sends the events to a running Headway and asks it for the report, once they are in its tables. */
export async function importIntoServer(
  url: string,
  token: string | undefined,
  job: string,
  events: readonly RunEvent[],
): Promise<{ readonly report: JobReport; readonly refused: readonly Rejection[] }> {
  const client = createServerClient(url, token);
  const { rejected } = await client.sendEventLines(events.map(canonicalEventLine));
  const answer = await client.getJson(`/v1/jobs/${encodeURIComponent(job)}`, { consistent: 'true' });
  // the server answers the shape that this same program builds
  return { report: answer as JobReport, refused: rejected };
}

/** Writes the events into the embedded store of a data directory that no Headway holds, and reports from its tables. */
export async function importIntoDataDir(
  dir: string,
  job: string,
  events: readonly RunEvent[],
): Promise<JobReport> {
  const { config } = settingsFrom({ data: dir });
  const headway = await openAllInOne(config, createLog(config.log_level));
  try {
    for (let from = 0; from < events.length; from += EVENTS_PER_PUBLISH) {
      await headway.publish(events.slice(from, from + EVENTS_PER_PUBLISH));
    }
    await headway.caughtUp();
  } finally {
    await headway.stop();
  }
  return reportOfJob(job, { data: dir });
}

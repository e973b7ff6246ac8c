import type { Context, Hono } from 'hono';
import { DEVICE_COLUMNS } from '../../../domain/catalog/device-columns.ts';
import type { FaultEvent, NodeStateEvent, RunEvent } from '../../../domain/events.ts';
import type { Incident } from '../../../domain/ledger/ledger-shape.ts';
import type { JobView } from '../../../domain/report/job-view.ts';
import { timeText } from '../../../domain/report/time-text.ts';
import { readView } from '../job-views.ts';
import type { DeviceSampleRow, NodeRange, NodeReader } from '../node-reader.ts';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import { type RangeText, rangeFromQuery } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

export interface NodeDevice {
  readonly device_uid: string;
  readonly device_index: number | null;
  readonly partition: string;
  readonly vendor: string;
  readonly model: string;
  readonly pci: string;
  /** The exporter that told it. */
  readonly target: string;
  readonly sampled_at: string;
  /** Seconds between the newest sample and the end of the range. */
  readonly age_s: number;
  /** The newest row holds nothing: the device or its exporter went away then. */
  readonly is_gone: boolean;
  /** Neutral quantities by column name; what it does not tell is not in it. */
  readonly values: Readonly<Record<string, number>>;
}

/** What an attempt of a job had on this node, and when. */
export interface NodePlacement {
  readonly job: string;
  readonly attempt: number | null;
  readonly from: string | null;
  /** Null: it goes on. */
  readonly to: string | null;
  /** Empty where nobody told the ranks. */
  readonly ranks: readonly { readonly rank: number; readonly device: string }[];
}

export interface NodeAnswer {
  readonly node: string;
  readonly state: { readonly state: NodeStateEvent['state']; readonly since: string } | null;
  readonly devices: readonly NodeDevice[];
  readonly faults: readonly (FaultEvent & { readonly at: string })[];
  readonly states: readonly (NodeStateEvent & { readonly at: string })[];
  readonly jobs: readonly NodePlacement[];
  /** Incidents that name this node as the culprit, newest first. */
  readonly incidents: readonly (Incident & { readonly job: string })[];
  readonly range: RangeText;
  readonly quality: {
    readonly newest_sample_at: string | null;
    readonly newest_event_at: string | null;
    readonly reasons: Readonly<Record<string, string>>;
  };
}

/** `/v1/nodes/{node}`: what is known of one machine in a range, by default the last `api.node_range_s`. */
export function addNodeRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getNode', async (c) => {
    const { nodes } = deps;
    if (nodes === undefined) throw new Problem(503, 'No tables', 'This server reads no tables of nodes.');
    const node = c.req.param('node') ?? '';
    const range = rangeOf(c, deps);
    return c.json(await nodeAnswer(deps, nodes, node, range));
  });
}

function rangeOf(c: Context, { clock, config }: V1Dependencies): NodeRange {
  const { from_us, to_us = clock.now_us() } = rangeFromQuery(c.req.query(), clock.now_us());
  return { from_us: from_us ?? to_us - config.node_range_s * 1e6, to_us };
}

async function nodeAnswer(
  deps: V1Dependencies,
  nodes: NodeReader,
  node: string,
  range: NodeRange,
): Promise<NodeAnswer> {
  const { node_events_max, node_jobs_max } = deps.config;
  const [events, rows, state] = await Promise.all([
    nodes.events(node, range, node_events_max),
    nodes.devices(node, range),
    nodes.stateBefore(node, range.to_us),
  ]);
  if (events.length === 0 && rows.length === 0 && state === undefined) throw unknownNode(node, range);
  const names = [...new Set(events.flatMap(jobOf))];
  const views = await Promise.all(
    names.slice(0, node_jobs_max).map((job) => readView(deps, job, { at_us: range.to_us }).catch(gone)),
  );
  const known = views.filter((view) => view !== undefined);
  const devices = rows.map((row) => deviceOf(row, range.to_us)).sort(byIndex);
  const newest_us = newestOf(events.filter(isOfMachine).map(({ time_us }) => time_us));
  return {
    node,
    state: state?.type === 'node_state' ? { state: state.state, since: timeText(state.time_us) } : null,
    devices,
    faults: events.filter((event) => event.type === 'fault').map(timed),
    states: events.filter((event) => event.type === 'node_state').map(timed),
    jobs: placementsOn(node, events, known).filter(
      ({ to }) => to === null || Date.parse(to) * 1000 > range.from_us,
    ),
    incidents: known
      .flatMap(({ job, account }) => account.incidents.map((incident) => ({ ...incident, job })))
      .filter((incident) => incident.node === node && incident.failed_at_us >= range.from_us)
      .sort((a, b) => b.failed_at_us - a.failed_at_us),
    range: { from: timeText(range.from_us), to: timeText(range.to_us) },
    quality: {
      newest_sample_at:
        devices
          .map(({ sampled_at }) => sampled_at)
          .sort()
          .at(-1) ?? null,
      newest_event_at: newest_us === null ? null : timeText(newest_us),
      reasons: reasonsOf(rows.length, events.length >= node_events_max, names.length - node_jobs_max),
    },
  };
}

/** A job whose only event of the range is one without a run is no error of the node's answer. */
function gone(error: unknown): undefined {
  if (error instanceof Problem && error.status === 404) return undefined;
  throw error;
}

function reasonsOf(devices: number, isCut: boolean, jobsLeftOut: number): Record<string, string> {
  const reasons: Record<string, string> = {};
  if (devices === 0) reasons['devices'] = 'no telemetry of this node was stored in the range';
  if (isCut) reasons['faults'] = 'more events than api.node_events_max: the oldest are left out';
  if (jobsLeftOut > 0) reasons['jobs'] = `${jobsLeftOut} more jobs than api.node_jobs_max are left out`;
  return reasons;
}

function unknownNode(node: string, { from_us }: NodeRange): Problem {
  return new Problem(
    404,
    'Unknown node',
    `Nothing of a node named ${JSON.stringify(node)} was stored since ${timeText(from_us)}. Names are as telemetry and events write them; ask with an earlier from.`,
  );
}

function jobOf(event: RunEvent): string[] {
  return event.type === 'node_state' || event.job === undefined ? [] : [event.job];
}

function isOfMachine(event: RunEvent): event is FaultEvent | NodeStateEvent {
  return event.type === 'fault' || event.type === 'node_state';
}

function timed<Event extends FaultEvent | NodeStateEvent>(event: Event): Event & { readonly at: string } {
  return { ...event, at: timeText(event.time_us) };
}

function newestOf(times: readonly number[]): number | null {
  return times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b));
}

const QUANTITIES: readonly string[] = DEVICE_COLUMNS;

function deviceOf(row: DeviceSampleRow, now_us: number): NodeDevice {
  const values: Record<string, number> = {};
  for (const name of QUANTITIES) {
    const value = row[name];
    if (typeof value === 'number') values[name] = value;
  }
  return {
    device_uid: row.device_uid,
    device_index: row.device_index,
    partition: row.partition,
    vendor: row.vendor,
    model: row.model,
    pci: row.pci,
    target: row.target,
    sampled_at: timeText(row.sampled_ms * 1000),
    age_s: now_us / 1e6 - row.sampled_ms / 1e3,
    is_gone: Object.keys(values).length === 0,
    values,
  };
}

function byIndex(a: NodeDevice, b: NodeDevice): number {
  return (a.device_index ?? 0) - (b.device_index ?? 0) || a.partition.localeCompare(b.partition);
}

/** One row an attempt that was on the node, newest first; ranks from placements, times from the job's account. */
function placementsOn(node: string, events: readonly RunEvent[], views: readonly JobView[]): NodePlacement[] {
  const found = new Map<
    string,
    { job: string; attempt: number | null; from_us: number | null; ranks: Map<number, string> }
  >();
  const place = (job: string, attempt: number | null, from_us: number) => {
    const key = `${job}\n${attempt}`;
    const row = found.get(key) ?? { job, attempt, from_us, ranks: new Map<number, string>() };
    row.from_us = Math.min(row.from_us ?? from_us, from_us);
    found.set(key, row);
    return row;
  };
  for (const event of events) {
    if (event.type === 'attempt_start') {
      place(event.job, event.attempt ?? attemptAt(views, event.job, event.time_us), event.time_us);
    }
    if (event.type === 'placement' && event.node === node) {
      const row = place(
        event.job,
        event.attempt ?? attemptAt(views, event.job, event.from_us),
        event.from_us,
      );
      row.ranks.set(event.rank, String(event.device));
    }
  }
  return [...found.values()]
    .sort((a, b) => (b.from_us ?? 0) - (a.from_us ?? 0))
    .map(({ job, attempt, from_us, ranks }) => ({
      job,
      attempt,
      from: from_us === null ? null : timeText(from_us),
      to: endOf(views, job, attempt),
      ranks: [...ranks].sort(([a], [b]) => a - b).map(([rank, device]) => ({ rank, device })),
    }));
}

function attemptAt(views: readonly JobView[], job: string, time_us: number): number | null {
  const attempts = views.find((view) => view.job === job)?.account.attempts ?? [];
  return attempts.findLast(({ start_us }) => start_us <= time_us)?.attempt ?? null;
}

function endOf(views: readonly JobView[], job: string, attempt: number | null): string | null {
  const attempts = views.find((view) => view.job === job)?.account.attempts ?? [];
  const end_us = attempts.find((one) => one.attempt === attempt)?.end_us;
  return end_us === undefined ? null : timeText(end_us);
}

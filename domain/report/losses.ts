import { SLOW_CAUSES } from '../catalog/derived-metrics.ts';
import { upperBound } from '../ledger/job-view.ts';
import type { Account, Bucket, Incident, LedgerJson, Segment } from '../ledger/ledger-shape.ts';
import {
  type CauseColumns,
  INTERRUPTION_KINDS,
  type IncidentColumns,
  type InterruptionKind,
  incidentColumns,
} from './incident-columns.ts';
import type { JobView } from './job-view.ts';
import { ladderOf, type Rung } from './ladder.ts';
import { createOwners, type OwnersOf } from './loss-owners.ts';
import type { Straggle } from './slow-evidence.ts';
import type { SlowCause, WorkSums } from './work-table.ts';

/** Everything that one cause cost. */
export interface Loss extends CauseColumns {
  /** Root cause, else symptom, else the bucket. */
  readonly cause: string;
  /** Null for what is no incident: saves, start-up, waiting for data. */
  readonly interruption: InterruptionKind | null;
  /** Incidents, or stretches where it is none. */
  readonly count: number;
  /** Null where nobody said how many devices the job holds. */
  readonly device_seconds: number | null;
  readonly wall_s: number;
  /** Of all held device-seconds (of all seconds, where devices are unknown), excluded ones taken out; null in a log without times. */
  readonly share: number | null;
  /** By ledger bucket, `slow_steps` for productive time above its ideal; device-seconds, or seconds where those are unknown. */
  readonly buckets: Readonly<Record<string, number>>;
}

export interface InterruptionSum {
  readonly count: number;
  readonly device_seconds: number | null;
  readonly wall_s: number;
}

/** An incident with its ladder, what is known of why, and what it cost in the range. */
export interface ReportIncident extends Incident {
  /** All eight rungs in order, each with who told it. */
  readonly ladder: readonly Rung[];
  /** The columns of its cause; `cause`, `node` and `device` of the incident are the short form. */
  readonly causes: IncidentColumns;
  /** Lost to it; null where nobody said how many devices the job holds. */
  readonly device_seconds: number | null;
  readonly wall_s: number;
}

export interface Losses {
  /** The costliest first: by device-hours, never by count. */
  readonly losses: readonly Loss[];
  readonly interruptions_by_kind: Readonly<Record<InterruptionKind, InterruptionSum>>;
  readonly incidents: readonly ReportIncident[];
}

/** What a bucket is when no incident explains it: its class, and who would change it. */
const BUCKET_CLASS: Readonly<Partial<Record<Bucket, readonly [string, CauseColumns['domain']]>>> = {
  ckpt_save: ['checkpoint', 'operator'],
  custom: ['work_between_steps', 'operator'],
  ckpt_restore: ['start_up', 'software'],
  startup: ['start_up', 'software'],
  program_startup: ['start_up', 'software'],
  init: ['start_up', 'software'],
  prep: ['start_up', 'software'],
  elastic_slice_down: ['missing_capacity', 'infrastructure'],
  elastic_scale_up: ['missing_capacity', 'infrastructure'],
  elastic_reinit: ['missing_capacity', 'infrastructure'],
};

/** Not lost: done, not yet known, or taken out by the operator. */
const NOT_LOST = new Set<Bucket>(['productive', 'in_flight', 'excluded']);
/** While a step runs, held devices that do not train are missing capacity, whatever the step comes to. */
const STEPPING = new Set<Bucket>(['productive', 'program_startup', 'lost_work', 'in_flight']);

/**
 * Every lost device-second of a range with its cause, ranked by what it cost. Losses of an incident (work undone, time
 * down, the start after it) are its cause's; the rest is told by its bucket. Productive time above the ideal step time
 * is a loss too, so performance and downtime stand in one list.
 */
export function lossesOf(view: JobView, ledger: LedgerJson): Losses {
  const { account } = view;
  const columns = columnsOf(view);
  const sums = new LossSums(Object.keys(ledger.device_seconds).length > 0);
  addSegments(sums, account, ledger, columns);
  addSlowTime(sums, view, ledger, columns);
  const held_s = sums.has_devices
    ? total(ledger.device_seconds) - (ledger.device_seconds.excluded ?? 0)
    : ledger.horizon_s - (ledger.buckets_s.excluded ?? 0);
  return {
    // of a run whose length nobody told, no loss is a share
    losses: sums.ranked(view.clock_is_made_up ? 0 : held_s),
    interruptions_by_kind: sums.byKind(columns, ledger),
    incidents: reported(view, ledger, columns, sums),
  };
}

/** What of a job its incidents are told from. */
export type IncidentSource = Pick<JobView, 'evidence'> & {
  readonly account: Omit<Account, 'steps'> & OwnersOf;
  readonly spec: { readonly event: Pick<JobView['spec']['event'], 'labels'> };
};

/**
 * The incidents of {@link lossesOf} alone, of an account that needs no more steps than the first of each attempt. There
 * must be no slow-down among its incidents: what that cost lies in the steps.
 */
export function incidentsOf(source: IncidentSource, ledger: LedgerJson): readonly ReportIncident[] {
  const columns = columnsOf(source);
  const sums = new LossSums(Object.keys(ledger.device_seconds).length > 0);
  addSegments(sums, source.account, ledger, columns);
  return reported(source, ledger, columns, sums);
}

function isFromLog({ spec }: IncidentSource): boolean {
  return spec.event.labels?.['framework'] !== undefined;
}

function columnsOf(source: IncidentSource): ReadonlyMap<Incident, IncidentColumns> {
  const { account, evidence } = source;
  const is_from_log = isFromLog(source);
  return new Map(
    account.incidents.map((incident) => [
      incident,
      incidentColumns(incident, evidence, account.to_us, is_from_log),
    ]),
  );
}

function reported(
  source: IncidentSource,
  { incidents }: LedgerJson,
  columns: ReadonlyMap<Incident, IncidentColumns>,
  sums: LossSums,
): ReportIncident[] {
  const is_from_log = isFromLog(source);
  return incidents.flatMap((incident): ReportIncident[] => {
    const causes = columns.get(incident);
    if (causes === undefined) return [];
    const ladder = ladderOf(incident, source.evidence, is_from_log);
    return [{ ...incident, ladder, causes, ...sums.costOf(incident) }];
  });
}

function total(amounts: Readonly<Partial<Record<Bucket, number>>>): number {
  return Object.values(amounts).reduce((sum, value) => sum + value, 0);
}

function addSegments(
  sums: LossSums,
  account: IncidentSource['account'],
  { from_us, to_us }: LedgerJson,
  columns: ReadonlyMap<Incident, IncidentColumns>,
): void {
  const ownerOf = createOwners(account);
  const { segments } = account;
  let index = upperBound(segments.length, (at) => segments[at]?.to_us ?? 0, from_us);
  for (let segment = segments[index]; segment !== undefined; segment = segments[++index]) {
    if (segment.from_us >= to_us) break;
    const wall_us = Math.min(segment.to_us, to_us) - Math.max(segment.from_us, from_us);
    const { bucket, devices = 1, stepping } = segment;
    const missing = stepping !== undefined && STEPPING.has(bucket) ? devices - stepping : 0;
    if (missing > 0)
      sums.add(bucketColumns('elastic_slice_down'), null, 'elastic_slice_down', 0, wall_us * missing);
    if (NOT_LOST.has(bucket)) continue;
    const owner = ownerOf(segment);
    const own = owner === undefined ? undefined : columns.get(owner);
    const device_us = wall_us * (devices - missing);
    if (own === undefined) sums.add(namedColumns(segment), null, bucket, wall_us, device_us);
    else sums.add(own, owner ?? null, bucket, wall_us, device_us);
  }
}

function namedColumns(segment: Segment): CauseColumns {
  if (segment.bucket !== 'custom') return bucketColumns(segment.bucket);
  return { ...bucketColumns('custom'), symptom: segment.name ?? 'custom' };
}

function bucketColumns(bucket: Bucket): CauseColumns {
  const [name, domain] = BUCKET_CLASS[bucket] ?? [null, 'unknown'];
  return {
    symptom: bucket,
    root_cause: null,
    class: name,
    domain,
    node: null,
    device: null,
    recoverability: null,
    source: 'ledger',
  };
}

/** Excess over the ideal: of the incident whose stretch it lies in, else of what the steps themselves tell. */
function addSlowTime(
  sums: LossSums,
  { account, work }: JobView,
  { from_us, to_us }: LedgerJson,
  columns: ReadonlyMap<Incident, IncidentColumns>,
): void {
  const { table, evidence } = work();
  const amounts = (from: number, to: number) => [table.wall(from, to), table.device(from, to)] as const;
  const add = (own: CauseColumns, incident: Incident | null, wall: number, device: number) =>
    sums.add(own, incident, 'slow_steps', wall, device);
  const rest = new Map<SlowCause, [wall: number, device: number]>();
  const spread = (wall: WorkSums, device: WorkSums | null, sign: 1 | -1) => {
    for (const cause of SLOW_CAUSES) {
      const before = rest.get(cause) ?? [0, 0];
      const weighted = device ?? wall;
      rest.set(cause, [before[0] + sign * wall.causes[cause], before[1] + sign * weighted.causes[cause]]);
    }
  };
  spread(...amounts(from_us, to_us), 1);
  for (const [incident, own] of columns) {
    const [begin, end] = stretchOf(incident, account.to_us, from_us, to_us);
    if (incident.kind !== 'slowdown' || end <= begin) continue;
    const [wall, device] = amounts(begin, end);
    spread(wall, device, -1);
    const above = (of: WorkSums) => of.judged - of.ideal;
    add(own, incident, above(wall), above(device ?? wall));
  }
  for (const [cause, [wall, device]] of rest) {
    if (cause === 'faster' || device <= 0.5) continue;
    const places =
      cause === 'straggler' ? placesOf(evidence.straggles, columns, account, from_us, to_us) : [];
    if (places.length === 0) add(slowColumns(cause), null, wall, device);
    for (const { node, device: at, share } of places) {
      add({ ...slowColumns(cause), node, device: at }, null, wall * share, device * share);
    }
  }
}

function stretchOf(
  { failed_at_us, time_to_regain_progress_s }: Incident,
  now_us: number,
  from_us: number,
  to_us: number,
): [number, number] {
  const end_us =
    time_to_regain_progress_s === null ? now_us : failed_at_us + Math.round(time_to_regain_progress_s * 1e6);
  return [Math.max(failed_at_us, from_us), Math.min(end_us, to_us)];
}

function slowColumns(cause: SlowCause): CauseColumns {
  return {
    symptom: 'slow_steps',
    root_cause: cause === 'unknown' ? null : cause,
    class: 'slow',
    domain: 'unknown',
    node: null,
    device: null,
    recoverability: null,
    source: cause === 'unknown' ? 'ledger' : 'steps',
  };
}

/** Where the slow ranks outside any slow-down sat, each with its share of what they cost. */
function placesOf(
  straggles: readonly Straggle[],
  columns: ReadonlyMap<Incident, IncidentColumns>,
  account: Account,
  from_us: number,
  to_us: number,
): { node: string | null; device: string | null; share: number }[] {
  const slow = [...columns.keys()].filter(({ kind }) => kind === 'slowdown');
  const sums = new Map<string, { node: string | null; device: string | null; us: number }>();
  let total_us = 0;
  for (const { node, device, start_us, end_us, excess_us } of straggles) {
    const isInside = slow.some((incident) => {
      const [begin, end] = stretchOf(incident, account.to_us, from_us, to_us);
      return start_us >= begin && end_us <= end;
    });
    if (isInside || end_us <= from_us || start_us >= to_us) continue;
    const key = `${node} ${device}`;
    const known = sums.get(key) ?? { node, device, us: 0 };
    sums.set(key, { ...known, us: known.us + excess_us });
    total_us += excess_us;
  }
  return [...sums.values()].map(({ node, device, us }) => ({ node, device, share: us / total_us }));
}

interface Sum {
  readonly columns: CauseColumns;
  readonly interruption: InterruptionKind | null;
  readonly incidents: Set<Incident>;
  stretches: number;
  wall_us: number;
  device_us: number;
  readonly buckets: Map<string, number>;
}

/** Losses by everything that tells causes apart. */
class LossSums {
  readonly has_devices: boolean;
  readonly #sums = new Map<string, Sum>();
  readonly #costs = new Map<Incident, { wall_us: number; device_us: number }>();

  constructor(has_devices: boolean) {
    this.has_devices = has_devices;
  }

  add(
    columns: CauseColumns | IncidentColumns,
    incident: Incident | null,
    bucket: string,
    wall_us: number,
    device_us: number,
  ): void {
    const { symptom, root_cause, domain, node, device, source } = columns;
    const interruption = 'interruption' in columns ? columns.interruption : null;
    const key = JSON.stringify([symptom, root_cause, domain, node, device, source, interruption]);
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = {
        columns,
        interruption,
        incidents: new Set(),
        stretches: 0,
        wall_us: 0,
        device_us: 0,
        buckets: new Map(),
      };
      this.#sums.set(key, sum);
    }
    if (incident === null) sum.stretches++;
    else {
      sum.incidents.add(incident);
      const cost = this.#costs.get(incident) ?? { wall_us: 0, device_us: 0 };
      this.#costs.set(incident, {
        wall_us: cost.wall_us + wall_us,
        device_us: cost.device_us + device_us,
      });
    }
    sum.wall_us += wall_us;
    sum.device_us += device_us;
    const amount = this.has_devices ? device_us : wall_us;
    sum.buckets.set(bucket, (sum.buckets.get(bucket) ?? 0) + amount);
  }

  costOf(incident: Incident): Pick<ReportIncident, 'device_seconds' | 'wall_s'> {
    const { wall_us, device_us } = this.#costs.get(incident) ?? { wall_us: 0, device_us: 0 };
    return { device_seconds: this.has_devices ? device_us / 1e6 : null, wall_s: wall_us / 1e6 };
  }

  ranked(held_s: number): Loss[] {
    const amountOf = (sum: Sum) => (this.has_devices ? sum.device_us : sum.wall_us);
    return [...this.#sums.values()]
      .sort((a, b) => amountOf(b) - amountOf(a) || (labelOf(a.columns) < labelOf(b.columns) ? -1 : 1))
      .map((sum): Loss => {
        const { symptom, root_cause, domain, node, device, recoverability, source } = sum.columns;
        return {
          cause: labelOf(sum.columns),
          symptom,
          root_cause,
          class: sum.columns.class,
          domain,
          node,
          device,
          recoverability,
          source,
          interruption: sum.interruption,
          count: sum.incidents.size > 0 ? sum.incidents.size : sum.stretches,
          device_seconds: this.has_devices ? sum.device_us / 1e6 : null,
          wall_s: sum.wall_us / 1e6,
          share: held_s > 0 ? amountOf(sum) / 1e6 / held_s : null,
          buckets: Object.fromEntries([...sum.buckets].map(([bucket, us]) => [bucket, us / 1e6])),
        };
      });
  }

  /** Incidents that began in the range, and what all of a kind cost in it. */
  byKind(
    columns: ReadonlyMap<Incident, IncidentColumns>,
    { incidents }: LedgerJson,
  ): Record<InterruptionKind, InterruptionSum> {
    const began = new Set(incidents);
    const kinds = INTERRUPTION_KINDS.map((kind): [InterruptionKind, InterruptionSum] => {
      const own = [...this.#sums.values()].filter(({ interruption }) => interruption === kind);
      const add = (amountOf: (sum: Sum) => number) => own.reduce((all, sum) => all + amountOf(sum), 0) / 1e6;
      let count = 0;
      for (const [incident, { interruption }] of columns) {
        if (interruption === kind && began.has(incident)) count++;
      }
      const device_seconds = this.has_devices ? add(({ device_us }) => device_us) : null;
      return [kind, { count, device_seconds, wall_s: add(({ wall_us }) => wall_us) }];
    });
    return Object.fromEntries(kinds) as Record<InterruptionKind, InterruptionSum>;
  }
}

function labelOf({ root_cause, symptom }: CauseColumns): string {
  return root_cause ?? symptom ?? 'unknown';
}

import type { TelemetryRequest } from './telemetry-request.ts';

/** What one target told of one device in one bucket (`sql/queries/job_device_telemetry.sql`). */
export interface DeviceBucketRow {
  readonly node: string;
  readonly device: string;
  readonly target: string;
  readonly bucket: string;
  readonly sampled_ms: number;
  readonly tensor_ms: number;
  readonly tensor_area: number;
  readonly clock_ms: number;
  readonly clock_area: number;
  readonly both_ms: number;
  readonly both_area: number;
  readonly energy_ms: number;
  readonly counter_j: number;
  readonly power_j: number;
  readonly resets: number;
}

/** `sql/queries/job_device_memory.sql`. */
export interface DeviceMemoryRow {
  readonly node: string;
  readonly device: string;
  readonly target: string;
  readonly used_bytes: number | null;
  readonly reserved_bytes: number | null;
  readonly total_bytes: number | null;
}

export type EnergySource = 'counter' | 'power' | 'counter and power';

export interface BucketEnergy {
  readonly joules: number;
  /** Device-seconds that the joules are of. */
  readonly device_s: number;
}

/** Device telemetry of a job, joined with its ledger and integrated over time. Null is unknown. */
export interface TelemetrySummary {
  /** Devices that told anything while they were the job's. */
  readonly devices: number;
  readonly placed_by: TelemetryRequest['placed_by'];
  /**
   * Nodes were given whole and have more devices than the job held: others' may be among them, and no sum or mean over
   * them is the job's. Placement events mend it.
   */
  readonly is_ambiguous: boolean;
  /** Device-seconds held by bucket; null where nobody said how many devices were held. */
  readonly held_device_s: Readonly<Record<string, number>> | null;
  /** Share of the device-time held of which there are samples; null where nobody said how many devices were held. */
  readonly coverage_ratio: number | null;
  readonly energy: {
    readonly source: EnergySource;
    readonly joules: number;
    /** Share of the device-time held of which the energy is known. */
    readonly coverage_ratio: number | null;
    readonly by_bucket: Readonly<Record<string, BucketEnergy>>;
    /** Counters that began anew: what was drawn between their last reading and the reset is not in it. */
    readonly counter_resets: number;
  } | null;
  /** On kept step time, means over device-time. */
  readonly activity: {
    readonly tensor_active_ratio: number | null;
    readonly sm_clock_hz: number | null;
    /** Mean of tensor activity x clock: over the reference clock it is OFU. */
    readonly tensor_active_hz: number | null;
    /** Share of the kept device-time that the last is of. */
    readonly coverage_ratio: number | null;
  };
  /** Mean of the site's measured PUE over the range; null where the site has no such series, or no point of it. */
  readonly measured_pue: number | null;
  /** Of the device that used most. */
  readonly memory: {
    readonly used_max_bytes: number | null;
    readonly reserved_bytes: number | null;
    readonly total_bytes: number | null;
  };
}

/** Why nothing is said of an ambiguous summary. */
export const AMBIGUOUS =
  'the nodes have more devices than the job holds, and no placement event says which are its own';

/** Kept steps are in this bucket, and nothing else is. */
const KEPT = 'productive';

/**
 * What the answers of the tables come to. Where two targets tell of one device (two exporters), each quantity is of
 * the one that told of it longest, never of both. Null when no device of the job told anything.
 */
export function telemetrySummary(
  request: TelemetryRequest,
  rows: readonly DeviceBucketRow[],
  memory: readonly DeviceMemoryRow[],
  measured_pue: number | null = null,
): TelemetrySummary | null {
  if (rows.length === 0 && memory.length === 0) return null;
  const sampled = bestTold(rows, ({ sampled_ms }) => sampled_ms);
  const active = bestTold(rows, ({ both_ms, tensor_ms }) => both_ms + tensor_ms).filter(
    ({ bucket }) => bucket === KEPT,
  );
  const heard = new Set([...rows, ...memory].map(({ node, device }) => `${node} ${device}`));
  const held = request.held_device_s;
  const held_s = held === null ? null : sum(Object.values(held), (seconds) => seconds);
  return {
    devices: heard.size,
    placed_by: request.placed_by,
    is_ambiguous: isAmbiguous(request, [...rows, ...memory]),
    held_device_s: held,
    coverage_ratio: share(sum(sampled, ({ sampled_ms }) => sampled_ms) / 1000, held_s),
    energy: energyOf(rows, held_s),
    activity: {
      tensor_active_ratio: mean(active, 'tensor'),
      sm_clock_hz: mean(active, 'clock'),
      tensor_active_hz: mean(active, 'both'),
      coverage_ratio: share(sum(active, ({ both_ms }) => both_ms) / 1000, held?.[KEPT] ?? null),
    },
    measured_pue,
    memory: fullest(memory),
  };
}

function isAmbiguous(
  { whole_nodes }: TelemetryRequest,
  told: readonly Pick<DeviceBucketRow, 'node' | 'device'>[],
): boolean {
  const devices = new Map<string, Set<string>>();
  for (const { node, device } of told) devices.set(node, (devices.get(node) ?? new Set()).add(device));
  return whole_nodes.some(({ nodes, devices: held }) => {
    const heard = sum([...new Set(nodes)], (node) => devices.get(node)?.size ?? 0);
    return held !== undefined && heard > held;
  });
}

function energyOf(rows: readonly DeviceBucketRow[], held_s: number | null): TelemetrySummary['energy'] {
  const told = bestTold(rows, ({ energy_ms }) => energy_ms).filter(({ energy_ms }) => energy_ms > 0);
  if (told.length === 0) return null;
  const by_bucket: Record<string, BucketEnergy> = {};
  for (const { bucket, counter_j, power_j, energy_ms } of told) {
    const { joules, device_s } = by_bucket[bucket] ?? { joules: 0, device_s: 0 };
    by_bucket[bucket] = { joules: joules + counter_j + power_j, device_s: device_s + energy_ms / 1000 };
  }
  const counter = told.some(({ counter_j }) => counter_j > 0);
  const power = told.some(({ power_j }) => power_j > 0);
  return {
    source: counter && power ? 'counter and power' : power ? 'power' : 'counter',
    joules: sum(told, ({ counter_j, power_j }) => counter_j + power_j),
    coverage_ratio: share(sum(told, ({ energy_ms }) => energy_ms) / 1000, held_s),
    by_bucket,
    counter_resets: sum(told, ({ resets }) => resets),
  };
}

/** The rows of each device's best target, by how long it told of something over all buckets. */
function bestTold(
  rows: readonly DeviceBucketRow[],
  told_ms: (row: DeviceBucketRow) => number,
): DeviceBucketRow[] {
  const totals = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const targets = totals.get(deviceOf(row)) ?? new Map<string, number>();
    totals.set(deviceOf(row), targets.set(row.target, (targets.get(row.target) ?? 0) + told_ms(row)));
  }
  const best = new Map<string, string>();
  for (const [device, targets] of totals) {
    const [first] = [...targets].sort(([a, of], [b, than]) => than - of || (a < b ? -1 : 1));
    if (first !== undefined) best.set(device, first[0]);
  }
  return rows.filter((row) => best.get(deviceOf(row)) === row.target);
}

function deviceOf({ node, device }: Pick<DeviceBucketRow, 'node' | 'device'>): string {
  return `${node} ${device}`;
}

function mean(rows: readonly DeviceBucketRow[], of: 'tensor' | 'clock' | 'both'): number | null {
  const ms = sum(rows, (row) => row[`${of}_ms`]);
  return ms > 0 ? sum(rows, (row) => row[`${of}_area`]) / ms : null;
}

function fullest(rows: readonly DeviceMemoryRow[]): TelemetrySummary['memory'] {
  const used = rows.filter(({ used_bytes }) => used_bytes !== null);
  const [most] = used.sort((a, b) => (b.used_bytes ?? 0) - (a.used_bytes ?? 0));
  return {
    used_max_bytes: most?.used_bytes ?? null,
    reserved_bytes: most?.reserved_bytes ?? null,
    total_bytes: most?.total_bytes ?? null,
  };
}

/** Edges of scrapes are shared out by time: no more can be known than was held. */
function share(part: number, whole: number | null): number | null {
  return whole === null || whole <= 0 ? null : part / whole;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

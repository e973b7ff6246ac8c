import { goodputOf, inOrder, inSeconds, rankedCauses, totalOf } from '../ledger/bucket-sums.ts';
import type { Bucket } from '../ledger/ledger-shape.ts';
import { topWaste } from '../ledger/reliability.ts';

/** Seconds of one job in one bucket, for one cause. */
export interface FleetPart {
  readonly job: string;
  readonly bucket: Bucket;
  /** Empty: no cause is known. */
  readonly cause: string;
  readonly wall_us: number;
  /** Null: nobody said how many devices the job holds. */
  readonly device_us: number | null;
}

export interface FleetJob {
  readonly job: string;
  /** Productive / (seconds in the range - excluded); null where nothing is left. */
  readonly goodput_ratio: number | null;
  /** Held device-seconds; null: nobody said how many devices. */
  readonly device_seconds: number | null;
  /** The bucket that costs the job most. */
  readonly top_waste: Bucket | null;
}

/** The answer of `/v1/fleet` beside its range. */
export interface Fleet {
  /** Productive / (held - excluded) device-seconds over all jobs whose devices are known. */
  readonly goodput_ratio: number | null;
  /** Mean of the jobs' own goodput, each job the same weight: not the goodput of the fleet. */
  readonly unweighted_goodput_ratio: number | null;
  readonly device_seconds: Readonly<Partial<Record<Bucket, number>>>;
  /** Device-seconds lost by cause, the costliest first. */
  readonly cost_by_cause_device_seconds: Readonly<Record<string, number>>;
  readonly top_waste: Bucket | null;
  /** The costliest first: by device-seconds that were not productive. */
  readonly jobs: readonly FleetJob[];
  readonly quality: {
    /** Jobs with seconds in the range whose devices nobody told: they weigh nothing in the fleet's goodput. */
    readonly jobs_without_devices: readonly string[];
    readonly jobs_seen: number;
  };
}

/** The ledgers of all jobs as one: sum of productive device-seconds over sum of held device-seconds (`ledger.md` 2). */
export function fleetOf(parts: readonly FleetPart[]): Fleet {
  const names = [...new Set(parts.map(({ job }) => job))];
  const unknown = new Set(parts.filter(({ device_us }) => device_us === null).map(({ job }) => job));
  const weighed = parts.filter(({ job }) => !unknown.has(job));
  const sums = byBucket(weighed, ({ device_us }) => device_us ?? 0);
  const jobs = names.map((job) => jobOf(job, parts, unknown.has(job)));
  const own = jobs.flatMap(({ goodput_ratio }) => (goodput_ratio === null ? [] : [goodput_ratio]));
  const device_seconds = inOrder(inSeconds(sums));
  return {
    goodput_ratio: goodputOf(sums),
    unweighted_goodput_ratio: own.length === 0 ? null : own.reduce((sum, one) => sum + one, 0) / own.length,
    device_seconds,
    cost_by_cause_device_seconds: byCause(weighed),
    top_waste: topWaste(device_seconds),
    jobs: jobs.sort((a, b) => b.lost - a.lost || (a.job < b.job ? -1 : 1)).map(({ lost: _, ...job }) => job),
    quality: { jobs_without_devices: [...unknown].sort(), jobs_seen: names.length },
  };
}

function jobOf(job: string, parts: readonly FleetPart[], isUnknown: boolean): FleetJob & { lost: number } {
  const own = parts.filter((part) => part.job === job);
  const wall = byBucket(own, ({ wall_us }) => wall_us);
  const device = byBucket(own, ({ device_us }) => device_us ?? 0);
  const held = isUnknown ? null : totalOf(device) / 1e6;
  const lost = held === null ? 0 : held - (device.get('productive') ?? 0) / 1e6;
  return {
    job,
    goodput_ratio: goodputOf(wall),
    device_seconds: held,
    top_waste: topWaste(inOrder(inSeconds(wall))),
    lost,
  };
}

function byBucket(parts: readonly FleetPart[], weightOf: (part: FleetPart) => number): Map<Bucket, number> {
  const sums = new Map<Bucket, number>();
  for (const part of parts) sums.set(part.bucket, (sums.get(part.bucket) ?? 0) + weightOf(part));
  return sums;
}

function byCause(parts: readonly FleetPart[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { cause, device_us } of parts) {
    if (cause !== '') sums.set(cause, (sums.get(cause) ?? 0) + (device_us ?? 0) / 1e6);
  }
  return rankedCauses(sums);
}

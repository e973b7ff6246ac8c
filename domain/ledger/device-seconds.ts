import { LEDGER_BUCKETS } from '../catalog/derived-metrics.ts';
import type { Bucket, Segment } from './ledger-shape.ts';

export interface DeviceSeconds {
  readonly bucket: Bucket;
  /** Undefined: no incident accounts for it. */
  readonly cause: string | undefined;
  readonly device_s: number;
  /** The same in microseconds; it does not depend on the order of what was added up. */
  readonly device_us: number;
}

/** Buckets in which a step runs: there, held devices that do not train are lost to missing capacity. */
const STEPPING: ReadonlySet<Bucket> = new Set(['productive', 'program_startup', 'lost_work', 'in_flight']);

/**
 * Device-seconds of some segments by bucket and cause. While an elastic job steps with fewer devices than it holds,
 * the share of the missing ones is `elastic_slice_down`, whatever the step comes to; in every other bucket all held
 * devices are lost alike. Undefined when the devices are not known. In the order of the ledger, so that what is added up of
 * them does not depend on the order of the segments.
 *
 * What is added up is the time of each number of devices, in whole microseconds: device-microseconds of the largest jobs
 * (16,384 devices in six days) exceed 2^53, from where on each addition would round.
 */
export function deviceSeconds(segments: readonly Segment[]): DeviceSeconds[] | undefined {
  const times = new DeviceTimes();
  for (const { from_us, to_us, bucket, cause, devices, stepping } of segments) {
    if (devices === undefined) return undefined;
    const isShort = stepping !== undefined && STEPPING.has(bucket);
    const training = isShort ? stepping : devices;
    if (training > 0) times.add(bucket, cause, training, to_us - from_us);
    if (training < devices) times.add('elastic_slice_down', undefined, devices - training, to_us - from_us);
  }
  return times.sums();
}

/** So many devices for so long. */
interface DeviceTime {
  readonly bucket: Bucket;
  readonly cause: string | undefined;
  readonly devices: number;
  us: number;
}

class DeviceTimes {
  readonly #times = new Map<string, DeviceTime>();
  /** Neighbours are mostly alike: few keys are made. */
  readonly #recent: DeviceTime[] = [];

  add(bucket: Bucket, cause: string | undefined, devices: number, us: number): void {
    for (const recent of this.#recent) {
      if (recent.bucket !== bucket || recent.devices !== devices || recent.cause !== cause) continue;
      recent.us += us;
      return;
    }
    const key = `${bucket} ${devices} ${cause ?? ''}`;
    const known = this.#times.get(key) ?? { bucket, cause, devices, us: 0 };
    known.us += us;
    this.#times.set(key, known);
    this.#recent.push(known);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  sums(): DeviceSeconds[] {
    const sums = new Map<string, { bucket: Bucket; cause: string | undefined; device_us: number }>();
    for (const { bucket, cause, devices, us } of [...this.#times.values()].sort(byDevices)) {
      const key = `${bucket} ${cause ?? ''}`;
      const sum = sums.get(key) ?? { bucket, cause, device_us: 0 };
      sum.device_us += us * devices;
      sums.set(key, sum);
    }
    const told = [...sums.values()].map((sum) => ({ ...sum, device_s: sum.device_us / 1e6 }));
    return told.length < 2 ? told : told.sort(inOrderOfLedger);
  }
}

const RECENT_MAX = 12;

function byDevices(a: DeviceTime, b: DeviceTime): number {
  return a.devices - b.devices;
}

const PLACE = new Map<Bucket, number>(LEDGER_BUCKETS.map((bucket, index) => [bucket, index]));

function inOrderOfLedger(a: DeviceSeconds, b: DeviceSeconds): number {
  const places = (PLACE.get(a.bucket) ?? 0) - (PLACE.get(b.bucket) ?? 0);
  if (places !== 0) return places;
  return (a.cause ?? '') < (b.cause ?? '') ? -1 : 1;
}

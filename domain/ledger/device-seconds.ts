import { LEDGER_BUCKETS } from '../catalog/derived-metrics.ts';
import type { Bucket, Segment } from './ledger-shape.ts';

export interface DeviceSeconds {
  readonly bucket: Bucket;
  /** Undefined: no incident accounts for it. */
  readonly cause: string | undefined;
  readonly device_s: number;
  /** The same in microseconds, in which sums are exact and so do not depend on their order. */
  readonly device_us: number;
}

/** Buckets in which a step runs: there, held devices that do not train are lost to missing capacity. */
const STEPPING: ReadonlySet<Bucket> = new Set(['productive', 'program_startup', 'lost_work', 'in_flight']);

/**
 * Device-seconds of some segments by bucket and cause. While an elastic job steps with fewer devices than it holds,
 * the share of the missing ones is `elastic_slice_down`, whatever the step comes to; in every other bucket all held
 * devices are lost alike. Undefined when the devices are not known. In the order of the ledger, so that what is added up of
 * them does not depend on the order of the segments.
 */
export function deviceSeconds(segments: readonly Segment[]): DeviceSeconds[] | undefined {
  const sums = new Map<string, { bucket: Bucket; cause: string | undefined; device_us: number }>();
  const add = (bucket: Bucket, cause: string | undefined, device_us: number) => {
    const key = `${bucket} ${cause ?? ''}`;
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { bucket, cause, device_us });
    else sum.device_us += device_us;
  };
  for (const { from_us, to_us, bucket, cause, devices, stepping } of segments) {
    if (devices === undefined) return undefined;
    const isShort = stepping !== undefined && STEPPING.has(bucket);
    const training = isShort ? stepping : devices;
    if (training > 0) add(bucket, cause, (to_us - from_us) * training);
    if (training < devices) add('elastic_slice_down', undefined, (to_us - from_us) * (devices - training));
  }
  const told = [...sums.values()].map((sum) => ({ ...sum, device_s: sum.device_us / 1e6 }));
  return told.length < 2 ? told : told.sort(inOrderOfLedger);
}

const PLACE = new Map<Bucket, number>(LEDGER_BUCKETS.map((bucket, index) => [bucket, index]));

function inOrderOfLedger(a: DeviceSeconds, b: DeviceSeconds): number {
  const places = (PLACE.get(a.bucket) ?? 0) - (PLACE.get(b.bucket) ?? 0);
  if (places !== 0) return places;
  return (a.cause ?? '') < (b.cause ?? '') ? -1 : 1;
}

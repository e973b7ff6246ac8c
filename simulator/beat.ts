import type { RunEvent } from '../domain/events.ts';
import type { SimulatedDevice } from './fleet.ts';

/** What the machines do; decides what their telemetry shows. */
export type Activity = 'launching' | 'restoring' | 'training' | 'saving' | 'hanging' | 'down';

export interface Slowdown {
  readonly cause: 'network' | 'thermal';
  readonly node: string;
  /** Step time over its usual value, above 1. */
  readonly ratio: number;
}

export interface Failure {
  readonly cause: string;
  readonly device?: SimulatedDevice;
}

/** Where a stretch of time truly belongs. A step's end is decided later: it may be lost by a restart. */
export type Account =
  | { readonly kind: 'bucket'; readonly bucket: string }
  | { readonly kind: 'step'; readonly attempt: number; readonly step: number; readonly completed: boolean };

/** An event and the moment somebody could first have reported it. */
export interface TimedEvent {
  readonly at_us: number;
  readonly event: RunEvent;
}

/** The story, one stretch of time after the other without a gap: what happens, who says so when, what it counts as. */
export interface Beat {
  readonly from_us: number;
  readonly to_us: number;
  readonly activity: Activity;
  readonly account: Account;
  readonly events: readonly TimedEvent[];
  readonly slowdown?: Slowdown;
  /** Off the bus: its telemetry is gone. */
  readonly lost?: SimulatedDevice;
  /** The attempt before this beat ended in a failure. */
  readonly failure?: Failure;
  /** A driver error that this beat begins with. */
  readonly xid?: { readonly device: SimulatedDevice; readonly code: number };
}

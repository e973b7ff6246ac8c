import type { CapacityEvent } from '../events.ts';
import { byLine, type JobView } from './job-view.ts';
import type { Launch } from './launches.ts';
import { append, emptyLayer, type Layer } from './layers.ts';
import type { CapacityShares } from './ledger-shape.ts';

/** Devices that a job holds over some time, and how many of them train while a step runs. */
export interface Holding {
  readonly devices: number | undefined;
  /** Undefined: all of them. */
  readonly stepping: number | undefined;
}

export interface Holdings {
  readonly list: readonly Holding[];
  /** Covers the horizon; items point into `list`. */
  readonly layer: Layer;
  readonly capacity: CapacityShares | null;
}

/**
 * The devices a job holds over `[from_us, to_us)`: the last said of `attempt_start.device_count` (else the job's
 * `device_count`, else the places of the attempt's ranks) and `capacity.total`. Between attempts the devices of the last one are still held. Before anything
 * was said, what was said first holds.
 */
export function holdingsOf(
  view: JobView,
  launches: readonly Launch[],
  from_us: number,
  to_us: number,
): Holdings {
  const capacities = inOrder(view.capacities);
  const statements = statementsOf(launches, specifiedDevices(view), placedDevices(view), capacities);
  const layer = emptyLayer();
  const list = [statements.find(({ devices }) => devices !== undefined) ?? { devices: undefined }].map(
    ({ devices }): Holding => ({ devices, stepping: undefined }),
  );
  let begin_us = from_us;
  for (const { time_us, devices, stepping } of statements) {
    const time = Math.min(Math.max(time_us, from_us), to_us);
    append(layer, begin_us, time, list.length - 1);
    begin_us = time;
    list.push({ devices: devices ?? list.at(-1)?.devices, stepping });
  }
  append(layer, begin_us, to_us, list.length - 1);
  return { list, layer, capacity: sharesOf(capacities, from_us, to_us) };
}

/** Elastic capacity over `[from_us, to_us)`; null without a `capacity` event. */
export function capacityOf(view: JobView, from_us: number, to_us: number): CapacityShares | null {
  return sharesOf(inOrder(view.capacities), from_us, to_us);
}

function inOrder(capacities: readonly CapacityEvent[]): CapacityEvent[] {
  return [...capacities].sort((a, b) => a.time_us - b.time_us || byLine(a, b));
}

interface Statement extends Holding {
  readonly time_us: number;
}

/** At the same instant the start of an attempt is said first, then its capacity. */
function statementsOf(
  launches: readonly Launch[],
  specified: number | undefined,
  placed: ReadonlyMap<number | undefined, number>,
  capacities: readonly CapacityEvent[],
): Statement[] {
  const starts = launches.flatMap(({ start_us, given, device_count }): Statement[] => {
    const devices = device_count ?? specified ?? placed.get(given) ?? placed.get(undefined);
    return devices === undefined ? [] : [{ time_us: start_us, devices, stepping: undefined }];
  });
  const told = capacities.map(({ time_us, total, stepping }): Statement => {
    return { time_us, devices: total, stepping: stepping < total ? stepping : undefined };
  });
  return [...starts, ...told].sort((a, b) => a.time_us - b.time_us);
}

/** A later `job` event revises an earlier one; one without a time counts as the earliest. */
function specifiedDevices(view: JobView): number | undefined {
  const specs = [...view.specs].sort((a, b) => (a.time_us ?? -1) - (b.time_us ?? -1) || byLine(a, b));
  return specs.findLast(({ device_count }) => device_count !== undefined)?.device_count;
}

/** Different devices that ranks were placed on, by the number of the attempt. */
function placedDevices(view: JobView): Map<number | undefined, number> {
  const places = new Map<number | undefined, Set<string>>();
  for (const { attempt, node, device } of view.placements) {
    const known = places.get(attempt) ?? new Set();
    places.set(attempt, known.add(`${node} ${device}`));
  }
  return new Map([...places].map(([attempt, devices]) => [attempt, devices.size]));
}

function sharesOf(
  capacities: readonly CapacityEvent[],
  from_us: number,
  to_us: number,
): CapacityShares | null {
  let [stepping, available, held] = [0, 0, 0];
  for (const [index, capacity] of capacities.entries()) {
    const from = Math.max(capacity.time_us, from_us);
    const to = Math.min(capacities[index + 1]?.time_us ?? to_us, to_us);
    if (to <= from) continue;
    stepping += capacity.stepping * (to - from);
    available += capacity.available * (to - from);
    held += capacity.total * (to - from);
  }
  return held === 0 ? null : { stepping_ratio: stepping / held, available_ratio: available / held };
}

import type { RunEvent } from '../../domain/events.ts';
import { type EventRow, eventOfRow } from '../../platform/store/event-rows.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import type { Store } from '../../platform/store/store.ts';

/** The newest row of a device: who it is, and its quantities by column name; null for what it did not tell. */
export type DeviceSampleRow = Readonly<Record<string, string | number | null>> & {
  readonly target: string;
  readonly vendor: string;
  readonly model: string;
  readonly device_uid: string;
  readonly device_index: number | null;
  readonly partition: string;
  readonly pci: string;
  readonly sampled_ms: number;
};

export interface NodeRange {
  readonly from_us: number;
  readonly to_us: number;
}

/** Reads what the tables hold of a machine. */
export interface NodeReader {
  /**
   * Faults, states and failures of the node in the range, placements and attempts on it that began before its end;
   * newest first, at most `rows_max`.
   */
  events(node: string, range: NodeRange, rows_max: number): Promise<RunEvent[]>;
  /** What its state was last told to be before a time (microseconds). */
  stateBefore(node: string, to_us: number): Promise<RunEvent | undefined>;
  devices(node: string, range: NodeRange): Promise<DeviceSampleRow[]>;
}

export function createNodeReader(store: Store): NodeReader {
  return {
    async events(node, { from_us, to_us }, rows_max) {
      const parameters = { node, from_us: Math.floor(from_us), to_us: Math.ceil(to_us), rows: rows_max };
      return (await store.query<EventRow>(namedQuery('node_events'), parameters)).map(eventOfRow);
    },
    async stateBefore(node, to_us) {
      const parameters = { node, to_us: Math.ceil(to_us) };
      const [row] = await store.query<EventRow>(namedQuery('node_state_before'), parameters);
      return row === undefined ? undefined : eventOfRow(row);
    },
    devices(node, { from_us, to_us }) {
      return store.query<DeviceSampleRow>(namedQuery('node_newest_samples'), {
        node,
        from_ms: Math.floor(from_us / 1000),
        to_ms: Math.ceil(to_us / 1000),
      });
    },
  };
}

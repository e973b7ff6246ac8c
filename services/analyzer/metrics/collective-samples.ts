import type { CollectiveRow } from '../../../domain/report/collectives.ts';
import type { SampleList } from './metric-sample.ts';

export const COLLECTIVE_SAMPLE_LIMITS = {
  /** Series of one job; beyond it those that took least time are left out. */
  rows_max: 200,
  /** How far back the windows of one figure reach, microseconds. */
  window_us: 60_000_000,
} as const;

/** Bus bandwidth of the newest windows of collectives; nothing for operations that have no factor. */
export function addCollectiveSamples(list: SampleList, rows: readonly CollectiveRow[]): void {
  const sorted = [...rows].sort((a, b) => b.mean_s * b.count - a.mean_s * a.count);
  for (const row of sorted.slice(0, COLLECTIVE_SAMPLE_LIMITS.rows_max)) {
    list.add('headway_collective_bus_bandwidth_bytes_per_second', row.bus_bandwidth_bytes_per_s, {
      communicator: row.communicator,
      operation: row.operation,
      log2_bytes: String(row.log2_bytes),
      algorithm: row.algorithm ?? '',
      protocol: row.protocol ?? '',
      inter_node: row.inter_node === null ? '' : String(row.inter_node),
    });
  }
}

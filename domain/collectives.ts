/** One collective of one rank, as a profiler of the communication library measured it. */
export interface CollectiveRecord {
  readonly communicator: string;
  /** Rank inside the communicator, not of the job. */
  readonly rank: number;
  readonly ranks: number;
  readonly node: string | null;
  readonly operation: string;
  readonly sequence: number;
  /** As the library counts it: of one rank for AllGather and ReduceScatter. */
  readonly bytes: number;
  readonly duration_us: number;
  /** When the record was written. */
  readonly time_us: number;
  /** When the member came, by the clock of its machine: NCCL Inspector tells it only when verbose. */
  readonly start_us?: number;
  /** Process of that machine; names a member across communicators. */
  readonly pid?: number;
  /** Whether the communicator reaches over several nodes; undefined where it is not told. */
  readonly inter_node?: boolean;
  /** Between two members (send, receive): those have a numbering of their own. */
  readonly is_p2p?: boolean;
}

/**
 * Bus bandwidth over algorithm bandwidth, of n ranks (nccl-tests doc/PERFORMANCE.md, `*GetBw` of its sources), and
 * whether the message size is of one rank and has to be multiplied by n. Null: an operation without such a factor.
 */
export function busFactor(
  operation: string,
  n: number,
): { readonly factor: number; readonly isPerRank: boolean } | null {
  if (n < 1) return null;
  switch (operation.toLowerCase()) {
    case 'allreduce':
      return { factor: (2 * (n - 1)) / n, isPerRank: false };
    case 'allgather':
    case 'reducescatter':
    case 'alltoall':
    case 'all2all':
    case 'gather':
    case 'scatter':
      return { factor: (n - 1) / n, isPerRank: true };
    case 'broadcast':
    case 'reduce':
    case 'send':
    case 'recv':
    case 'sendrecv':
      return { factor: 1, isPerRank: false };
    default:
      return null;
  }
}

/** Bytes per second; null where the operation has no factor or took no time, or the group has one member. */
export function busBandwidth({ operation, ranks, bytes, duration_us }: CollectiveRecord): number | null {
  const found = busFactor(operation, ranks);
  if (found === null || found.factor === 0 || bytes <= 0 || duration_us <= 0) return null;
  const moved = found.isPerRank ? bytes * ranks : bytes;
  return (moved * found.factor * 1e6) / duration_us;
}

/** Exponent of the power of two that a size is at or above. */
export function sizeClass(bytes: number): number {
  return bytes < 1 ? 0 : Math.floor(Math.log2(bytes));
}

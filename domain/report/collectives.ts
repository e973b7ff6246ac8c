import { addedLateness, type LatenessCounts, latenessBelow, latenessTotal } from '../collective-lateness.ts';
import { classOf, distinctWindows } from '../collective-windows.ts';
import type { CollectiveWindowEvent } from '../events.ts';
import { LATE_LIMITS, type Late, type LateLimits, lateOf } from './late-members.ts';
import { memberRanks, type RankOfMember } from './member-ranks.ts';

export interface CollectiveRow extends Omit<Late, 'late_process'> {
  readonly communicator: string;
  readonly operation: string;
  readonly log2_bytes: number;
  readonly algorithm: string | null;
  readonly protocol: string | null;
  readonly inter_node: boolean | null;
  /** Members of the communicator, and how many of them told anything. */
  readonly ranks: number;
  readonly ranks_seen: number;
  /** Collectives, each counted once a member. */
  readonly count: number;
  readonly bytes: number;
  /** Waiting for the others included. */
  readonly mean_s: number;
  readonly min_s: number;
  readonly max_s: number;
  readonly stddev_s: number;
  /** Geometric mean, bytes per second; null where the operation has no factor (`domain/collectives.ts`). */
  readonly bus_bandwidth_bytes_per_s: number | null;
  /** How late members came to them; null: no collective of it was told by all its members. */
  readonly lateness: Lateness | null;
  /** Rank in the job of the late member; null: undecided, or nothing tells which one it is. */
  readonly late_rank: number | null;
}

/** Of collectives, each counted once a member. */
export interface Lateness {
  /** Of how many it is known. */
  readonly count: number;
  /** By powers of two: entry 0 below 1 us behind the first member, entry k from 2^(k-1) up to 2^k us. */
  readonly counts: LatenessCounts;
  /** What half, 90 % and 99 % of them stayed below: upper ends of their classes. */
  readonly p50_below_s: number | null;
  readonly p90_below_s: number | null;
  readonly p99_below_s: number | null;
}

export interface Collectives {
  readonly rows: readonly CollectiveRow[];
  /** Numbers that were never told between the first and the last of a communicator's member: lost, or below its limit. */
  readonly missing_records: number;
}

export interface CollectiveOptions {
  /** How many ranks the job has, to tell which of them a member is; undefined: nobody said. */
  readonly ranks?: number | undefined;
  readonly limits?: LateLimits;
}

/** Collectives by communicator, operation, size class and way, never averaged across sizes; who comes late to them. */
export function collectivesOf(
  told: readonly CollectiveWindowEvent[],
  { ranks, limits = LATE_LIMITS }: CollectiveOptions = {},
): Collectives {
  const windows = distinctWindows(told);
  const rankOf = memberRanks(windows, ranks);
  const groups = new Map<string, CollectiveWindowEvent[]>();
  for (const window of windows) {
    const key = JSON.stringify(classOf(window));
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [window]);
    else own.push(window);
  }
  return {
    rows: [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => rowOf(own, rankOf, limits)),
    missing_records: missingOf(windows),
  };
}

function rowOf(
  windows: readonly CollectiveWindowEvent[],
  rankOf: RankOfMember,
  limits: LateLimits,
): CollectiveRow[] {
  const [first] = windows;
  if (first === undefined) return [];
  const { late_process, ...late } = lateOf(windows, limits);
  const group_rank = late.late_group_rank;
  const { communicator } = first;
  const sum = (of: (window: CollectiveWindowEvent) => number) =>
    windows.reduce((total, window) => total + of(window), 0);
  const count = sum((window) => window.count);
  const mean_us = sum((window) => window.duration_sum_us) / count;
  const square_us2 = sum((window) => window.duration_sum_sq_us2) / count;
  const known = sum((window) => window.bus_bandwidth_count);
  return [
    {
      communicator,
      operation: first.operation,
      log2_bytes: first.log2_bytes,
      algorithm: first.algorithm ?? null,
      protocol: first.protocol ?? null,
      inter_node: first.inter_node ?? null,
      ranks: first.ranks,
      ranks_seen: new Set(windows.map(({ group_rank }) => group_rank)).size,
      count,
      bytes: sum((window) => window.bytes),
      mean_s: mean_us / 1e6,
      min_s: windows.reduce((least, { duration_min_us: us }) => Math.min(least, us), Infinity) / 1e6,
      max_s: windows.reduce((most, { duration_max_us: us }) => Math.max(most, us), 0) / 1e6,
      // rounding may leave a hair below 0 of equal durations
      stddev_s: Math.sqrt(Math.max(0, square_us2 - mean_us * mean_us)) / 1e6,
      bus_bandwidth_bytes_per_s:
        known === 0 ? null : Math.exp(sum((window) => window.bus_bandwidth_log_sum) / known),
      ...late,
      lateness: latenessOfRow(windows),
      late_rank: group_rank === null ? null : rankOf({ communicator, group_rank, process: late_process }),
    },
  ];
}

function latenessOfRow(windows: readonly CollectiveWindowEvent[]): Lateness | null {
  const counts = windows.reduce<LatenessCounts | undefined>(
    (sum, { lateness_counts }) => addedLateness(sum, lateness_counts),
    undefined,
  );
  if (counts === undefined) return null;
  return {
    count: latenessTotal(counts),
    counts,
    p50_below_s: latenessBelow(counts, 0.5),
    p90_below_s: latenessBelow(counts, 0.9),
    p99_below_s: latenessBelow(counts, 0.99),
  };
}

/** Numbers run through all operations of a communicator; sends and receives have their own, and are not looked at. */
function missingOf(windows: readonly CollectiveWindowEvent[]): number {
  const members = new Map<string, { first: number; last: number; count: number }>();
  for (const { communicator, group_rank, operation, sequence_first, sequence_last, count } of windows) {
    if (/^(?:send|recv|sendrecv)$/i.test(operation)) continue;
    const key = JSON.stringify([communicator, group_rank]);
    const known = members.get(key) ?? { first: sequence_first, last: sequence_last, count: 0 };
    known.first = Math.min(known.first, sequence_first);
    known.last = Math.max(known.last, sequence_last);
    known.count += count;
    members.set(key, known);
  }
  return [...members.values()].reduce(
    (sum, { first, last, count }) => sum + Math.max(0, last - first + 1 - count),
    0,
  );
}

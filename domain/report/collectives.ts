import { classOf, distinctWindows } from '../collective-windows.ts';
import type { CollectiveWindowEvent } from '../events.ts';

export interface LateLimits {
  /** Collectives, in windows that all members told, that a judgement needs. */
  readonly collectives_min: number;
  /** Others take so many times as long as the late one: below is noise of the transfer itself. */
  readonly wait_ratio_min: number;
  /** Share of those collectives, window by window, for which the same member came last. */
  readonly share_min: number;
  /** Counts of the members of a window may differ so much, as a window cuts the last collectives of some. */
  readonly count_ratio_min: number;
}

export const LATE_LIMITS: LateLimits = {
  collectives_min: 5,
  wait_ratio_min: 1.1,
  share_min: 0.5,
  count_ratio_min: 0.9,
};

export interface CollectiveRow {
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
  /** Collectives in windows of which all members told about as many: only they tell who came late. */
  readonly compared: number;
  /** Member of the communicator that came last in most of them, i.e. took the SHORTEST time; null: undecided. */
  readonly late_group_rank: number | null;
  readonly late_node: string | null;
  /** Share of the compared collectives, window by window. */
  readonly late_share_ratio: number | null;
  /** What the usual member waited for it, seconds a collective. */
  readonly waited_s: number | null;
  /** Why nothing is said of a late member. */
  readonly reason: string | null;
}

export interface Collectives {
  readonly rows: readonly CollectiveRow[];
  /** Numbers that were never told between the first and the last of a communicator's member: lost, or below its limit. */
  readonly missing_records: number;
}

/**
 * Collectives by communicator, operation, size class and way, never averaged across sizes. In a collective the members
 * that come early wait for the last one, so that the late member shows the shortest duration (nothing has to tell when
 * anybody came).
 */
export function collectivesOf(
  told: readonly CollectiveWindowEvent[],
  limits: LateLimits = LATE_LIMITS,
): Collectives {
  const windows = distinctWindows(told);
  const groups = new Map<string, CollectiveWindowEvent[]>();
  for (const window of windows) {
    const key = JSON.stringify(classOf(window));
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [window]);
    else own.push(window);
  }
  return {
    rows: [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => rowOf(own, limits)),
    missing_records: missingOf(windows),
  };
}

function rowOf(windows: readonly CollectiveWindowEvent[], limits: LateLimits): CollectiveRow[] {
  const [first] = windows;
  if (first === undefined) return [];
  const sum = (of: (window: CollectiveWindowEvent) => number) =>
    windows.reduce((total, window) => total + of(window), 0);
  const count = sum((window) => window.count);
  const mean_us = sum((window) => window.duration_sum_us) / count;
  const square_us2 = sum((window) => window.duration_sum_sq_us2) / count;
  const known = sum((window) => window.bus_bandwidth_count);
  return [
    {
      communicator: first.communicator,
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
      ...lateOf(windows, limits),
    },
  ];
}

type Late = Pick<
  CollectiveRow,
  'compared' | 'late_group_rank' | 'late_node' | 'late_share_ratio' | 'waited_s' | 'reason'
>;

/** A member's mean duration in one window. */
interface Member {
  readonly group_rank: number;
  readonly node: string | null;
  readonly count: number;
  readonly mean_us: number;
}

function lateOf(windows: readonly CollectiveWindowEvent[], limits: LateLimits): Late {
  const complete = completeWindows(windows, limits);
  const compared = complete.reduce((sum, [member]) => sum + (member?.count ?? 0), 0);
  const tallies = new Map<number, { waited_us: number; count: number; node: string | null }>();
  for (const members of complete) {
    const sorted = [...members].sort((a, b) => a.mean_us - b.mean_us || a.group_rank - b.group_rank);
    const [late, next] = sorted;
    if (late === undefined || next === undefined) continue;
    // the usual one of those that waited
    const usual = sorted[1 + ((sorted.length - 2) >> 1)] ?? next;
    if (usual.mean_us < late.mean_us * limits.wait_ratio_min || next.mean_us <= late.mean_us) continue;
    const tally = tallies.get(late.group_rank) ?? { waited_us: 0, count: 0, node: late.node };
    tally.count += late.count;
    tally.waited_us += (usual.mean_us - late.mean_us) * late.count;
    tallies.set(late.group_rank, tally);
  }
  const [worst] = [...tallies].sort(([a, x], [b, y]) => y.count - x.count || a - b);
  const share = worst === undefined || compared === 0 ? null : worst[1].count / compared;
  const reason = reasonOf(compared, share, windows[0], limits);
  const base = { compared, late_share_ratio: share, reason };
  if (worst === undefined || reason !== null)
    return { ...base, late_group_rank: null, late_node: null, waited_s: null };
  const [late_group_rank, { node, waited_us, count }] = worst;
  return { ...base, late_group_rank, late_node: node, waited_s: waited_us / count / 1e6 };
}

function reasonOf(
  compared: number,
  share: number | null,
  first: CollectiveWindowEvent | undefined,
  limits: LateLimits,
): string | null {
  if (first === undefined || first.ranks < 2) return 'a communicator of one member waits for nobody';
  if (compared < limits.collectives_min)
    return `${compared} collectives of all ${first.ranks} members, and ${limits.collectives_min} are needed: undecided`;
  if (share === null) return 'all members take about the same time: nobody comes late';
  return share <= limits.share_min ? 'no member came last most of the time' : null;
}

function completeWindows(windows: readonly CollectiveWindowEvent[], limits: LateLimits): Member[][] {
  const byStart = new Map<number, Map<number, CollectiveWindowEvent>>();
  for (const window of windows) {
    const members = byStart.get(window.start_us) ?? new Map<number, CollectiveWindowEvent>();
    byStart.set(window.start_us, members.set(window.group_rank, window));
  }
  return [...byStart.values()].flatMap((members) => {
    const told = [...members.values()];
    if (told.length < 2 || told.length !== told[0]?.ranks) return [];
    const counts = told.map(({ count }) => count);
    if (Math.min(...counts) < Math.max(...counts) * limits.count_ratio_min) return [];
    return [
      told.map(({ group_rank, node, count, duration_sum_us }) => ({
        group_rank,
        node: node ?? null,
        count,
        mean_us: duration_sum_us / count,
      })),
    ];
  });
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

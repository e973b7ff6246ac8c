import { ENDS_TOGETHER } from '../collective-lateness.ts';
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
  /** Share of those collectives in windows whose starts can be compared, from which on only they are looked at. */
  readonly started_share_min: number;
}

export const LATE_LIMITS: LateLimits = {
  collectives_min: 5,
  wait_ratio_min: 1.1,
  share_min: 0.5,
  count_ratio_min: 0.9,
  started_share_min: 0.5,
};

export interface Late {
  /** Collectives in windows of which all members told about as many: only they tell who came late. */
  readonly compared: number;
  /**
   * Member of the communicator that came last in most of them; null: undecided. By `start` it is the one that started
   * last, by `duration` the one that took the SHORTEST time.
   */
  readonly late_group_rank: number | null;
  readonly late_by: 'start' | 'duration' | null;
  readonly late_node: string | null;
  readonly late_process: string | null;
  /** Share of the compared collectives, window by window. */
  readonly late_share_ratio: number | null;
  /** What the usual member waited for it, seconds a collective. */
  readonly waited_s: number | null;
  /** Why nothing is said of a late member. */
  readonly reason: string | null;
}

/** A member's means in one window. */
interface Member {
  readonly group_rank: number;
  readonly node: string | null;
  readonly process: string | null;
  readonly count: number;
  readonly mean_us: number;
  /** When it came: starts on a clock that all members share, or durations turned round. */
  readonly came_us: number;
}

/**
 * Who comes late to the collectives of one class. Where starts were told, who started last; clocks of several machines
 * are made one by when the collective ended on them, since it ends everywhere at about the same time. Else members that
 * come early wait for the last one, so that the late member shows the shortest duration.
 */
export function lateOf(windows: readonly CollectiveWindowEvent[], limits: LateLimits): Late {
  const complete = completeWindows(windows, limits);
  const started = complete.flatMap((told) => {
    const members = byStart(told);
    return members === undefined ? [] : [members];
  });
  const isByStart = countOf(started) >= Math.max(1, limits.started_share_min * countOf(complete));
  const compared = isByStart ? started : complete.map(byDuration);
  const { worst, tally } = worstOf(compared, limits);
  const count = countOf(compared);
  const share = tally === undefined || count === 0 ? null : tally.count / count;
  const reason = reasonOf(count, share, windows[0], limits);
  const base = { compared: count, late_share_ratio: share, reason };
  if (worst === undefined || tally === undefined || reason !== null) {
    const nobody = { late_group_rank: null, late_by: null, late_node: null, late_process: null };
    return { ...base, ...nobody, waited_s: null };
  }
  return {
    ...base,
    late_group_rank: worst.group_rank,
    late_by: isByStart ? 'start' : 'duration',
    late_node: worst.node,
    late_process: worst.process,
    waited_s: tally.waited_us / tally.count / 1e6,
  };
}

interface Tally {
  waited_us: number;
  count: number;
}

function worstOf(
  compared: readonly (readonly Member[])[],
  limits: LateLimits,
): { readonly worst: Member | undefined; readonly tally: Tally | undefined } {
  const tallies = new Map<number, { readonly member: Member; readonly tally: Tally }>();
  for (const members of compared) {
    const sorted = [...members].sort((a, b) => b.came_us - a.came_us || a.group_rank - b.group_rank);
    const [late, next] = sorted;
    if (late === undefined || next === undefined) continue;
    // the usual one of those that waited
    const usual = sorted[1 + ((sorted.length - 2) >> 1)] ?? next;
    const waited_us = late.came_us - usual.came_us;
    if (waited_us < late.mean_us * (limits.wait_ratio_min - 1) || next.came_us >= late.came_us) continue;
    const known = tallies.get(late.group_rank) ?? { member: late, tally: { waited_us: 0, count: 0 } };
    known.tally.count += late.count;
    known.tally.waited_us += waited_us * late.count;
    tallies.set(late.group_rank, known);
  }
  const [worst] = [...tallies].sort(([a, x], [b, y]) => y.tally.count - x.tally.count || a - b);
  return { worst: worst?.[1].member, tally: worst?.[1].tally };
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
  if (share === null) return 'all members come at about the same time: nobody comes late';
  return share <= limits.share_min ? 'no member came last most of the time' : null;
}

function countOf(windows: readonly (readonly { readonly count: number }[])[]): number {
  return windows.reduce((sum, [member]) => sum + (member?.count ?? 0), 0);
}

function completeWindows(
  windows: readonly CollectiveWindowEvent[],
  limits: LateLimits,
): CollectiveWindowEvent[][] {
  const byWindow = new Map<number, Map<number, CollectiveWindowEvent>>();
  for (const window of windows) {
    const members = byWindow.get(window.start_us) ?? new Map<number, CollectiveWindowEvent>();
    byWindow.set(window.start_us, members.set(window.group_rank, window));
  }
  return [...byWindow.values()].flatMap((members) => {
    const told = [...members.values()];
    if (told.length < 2 || told.length !== told[0]?.ranks) return [];
    const counts = told.map(({ count }) => count);
    return Math.min(...counts) < Math.max(...counts) * limits.count_ratio_min ? [] : [told];
  });
}

function byDuration(told: readonly CollectiveWindowEvent[]): Member[] {
  return told.map((window) => memberOf(window, -window.duration_sum_us / window.count));
}

/** Undefined where not all starts of the very same collectives were told, or where clocks cannot be made one. */
function byStart(told: readonly CollectiveWindowEvent[]): Member[] | undefined {
  const [first] = told;
  const isSame = told.every(
    (window) =>
      window.count === first?.count &&
      window.sequence_first === first.sequence_first &&
      window.sequence_last === first.sequence_last &&
      window.start_count === window.count,
  );
  if (!isSame || first === undefined) return undefined;
  const clocks = new Map<string, number[]>();
  for (const window of told) {
    const node = clockOf(window);
    const ends = clocks.get(node) ?? [];
    ends.push(meanStart(window) + window.duration_sum_us / window.count);
    clocks.set(node, ends);
  }
  if (clocks.size > 1 && !ENDS_TOGETHER.test(first.operation)) return undefined;
  return told.map((window) => {
    const ahead_us = clocks.size > 1 ? middleOf(clocks.get(clockOf(window)) ?? []) : 0;
    return memberOf(window, meanStart(window) - ahead_us);
  });
}

/** Processes of one machine share a clock; of one that names no machine nothing is known. */
function clockOf({ node, group_rank }: CollectiveWindowEvent): string {
  return node ?? `member ${group_rank}`;
}

function meanStart({ start_offset_sum_us = 0, count }: CollectiveWindowEvent): number {
  return start_offset_sum_us / count;
}

function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

function memberOf(window: CollectiveWindowEvent, came_us: number): Member {
  const { group_rank, node = null, process = null, count, duration_sum_us } = window;
  return { group_rank, node, process, count, mean_us: duration_sum_us / count, came_us };
}

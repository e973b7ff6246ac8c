import { addedLateness, latenessCounts, latenessOf, latenessTotal } from './collective-lateness.ts';
import { busBandwidth, type CollectiveRecord, sizeClass } from './collectives.ts';
import type { CollectiveWindowEvent } from './events.ts';

/** Length of a window: long enough for sums to be worth sending, short enough to show an incident. */
export const COLLECTIVE_WINDOW_US = 10_000_000;

export interface CollectiveWindows {
  readonly windows: readonly CollectiveWindowEvent[];
  /** Records that were there twice; they are taken once. */
  readonly duplicates: number;
}

/**
 * Records of one job summed by communicator, operation, size class, member and window of {@link COLLECTIVE_WINDOW_US}, on
 * the grid of the epoch. Sending the same records again makes the same windows.
 */
export function windowsOf(job: string, records: readonly CollectiveRecord[]): CollectiveWindows {
  const seen = new Set<string>();
  const found = new Map<string, CollectiveWindowEvent>();
  const distinct = records.filter((record) => {
    const { communicator, rank, is_p2p = false, sequence, operation } = record;
    const id = JSON.stringify([communicator, rank, is_p2p ? operation : '', sequence]);
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });
  const late = latenessOf(distinct);
  for (const record of distinct) {
    const window = windowOf(job, record, late.get(record));
    const key = windowKey(window);
    const before = found.get(key);
    found.set(key, before === undefined ? window : mergedWindow(before, window));
  }
  return { windows: [...found.values()], duplicates: records.length - seen.size };
}

function windowOf(job: string, record: CollectiveRecord, late_us: number | undefined): CollectiveWindowEvent {
  const { communicator, rank, ranks, node, operation, bytes, duration_us, sequence, inter_node } = record;
  // a collective ends for all its members at about the same time, so that theirs are mostly in the same window
  const told_us = record.start_us === undefined ? record.time_us : record.start_us + duration_us;
  const start_us = Math.floor(told_us / COLLECTIVE_WINDOW_US) * COLLECTIVE_WINDOW_US;
  const bandwidth = busBandwidth(record);
  return {
    type: 'collective_window',
    job,
    communicator,
    group_rank: rank,
    ranks,
    ...(node === null ? {} : { node }),
    ...(node === null || record.pid === undefined ? {} : { process: `${node}:${record.pid}` }),
    operation,
    log2_bytes: sizeClass(bytes),
    ...(inter_node === undefined ? {} : { inter_node }),
    start_us,
    end_us: start_us + COLLECTIVE_WINDOW_US,
    count: 1,
    ...(record.start_us === undefined
      ? {}
      : { start_count: 1, start_offset_sum_us: record.start_us - start_us }),
    duration_sum_us: duration_us,
    duration_min_us: duration_us,
    duration_max_us: duration_us,
    duration_sum_sq_us2: duration_us * duration_us,
    ...(late_us === undefined ? {} : { lateness_counts: latenessCounts(late_us) }),
    bytes,
    bus_bandwidth_log_sum: bandwidth === null ? 0 : Math.log(bandwidth),
    bus_bandwidth_count: bandwidth === null ? 0 : 1,
    sequence_first: sequence,
    sequence_last: sequence,
  };
}

function windowKey({ group_rank, start_us, ...window }: CollectiveWindowEvent): string {
  return JSON.stringify([...classOf(window), group_rank, start_us]);
}

/** What is comparable: one communicator, one operation, one size, one way of doing it. */
export function classOf(
  window: Pick<
    CollectiveWindowEvent,
    'communicator' | 'operation' | 'log2_bytes' | 'algorithm' | 'protocol' | 'inter_node'
  >,
): readonly (string | number | boolean | null)[] {
  const { communicator, operation, log2_bytes, algorithm, protocol, inter_node } = window;
  return [communicator, operation, log2_bytes, algorithm ?? null, protocol ?? null, inter_node ?? null];
}

/**
 * One window a class, member and stretch. A member's records read in parts are added; where the numbers of two windows
 * overlap the same records were read twice, and the fuller window stands.
 */
export function distinctWindows(windows: readonly CollectiveWindowEvent[]): CollectiveWindowEvent[] {
  const found = new Map<string, CollectiveWindowEvent[]>();
  for (const window of windows) {
    const own = found.get(windowKey(window)) ?? [];
    own.push(window);
    found.set(windowKey(window), own);
  }
  return [...found.values()].flatMap((own) => {
    const fullest = [...own].sort(
      (a, b) =>
        b.count - a.count ||
        latenessTotal(b.lateness_counts) - latenessTotal(a.lateness_counts) ||
        a.sequence_first - b.sequence_first ||
        a.sequence_last - b.sequence_last,
    );
    const kept: CollectiveWindowEvent[] = [];
    for (const window of fullest) if (!kept.some((other) => overlaps(window, other))) kept.push(window);
    const [first, ...rest] = kept;
    return first === undefined ? [] : [rest.reduce(mergedWindow, first)];
  });
}

function overlaps(a: CollectiveWindowEvent, b: CollectiveWindowEvent): boolean {
  return a.sequence_first <= b.sequence_last && b.sequence_first <= a.sequence_last;
}

/** Starts count from the begin of their window. */
function mergedStarts(
  a: CollectiveWindowEvent,
  b: CollectiveWindowEvent,
): Pick<CollectiveWindowEvent, 'start_count' | 'start_offset_sum_us'> {
  const start_us = Math.min(a.start_us, b.start_us);
  const start_count = (a.start_count ?? 0) + (b.start_count ?? 0);
  if (start_count === 0) return {};
  const sumOf = ({ start_count: count = 0, start_offset_sum_us = 0, start_us: from_us }: typeof a) =>
    start_offset_sum_us + count * (from_us - start_us);
  return { start_count, start_offset_sum_us: sumOf(a) + sumOf(b) };
}

/** Two windows of one class as one; in any order and grouping the same, as far as sums of integers go. */
export function mergedWindow(a: CollectiveWindowEvent, b: CollectiveWindowEvent): CollectiveWindowEvent {
  const lateness_counts = addedLateness(a.lateness_counts, b.lateness_counts);
  return {
    ...a,
    start_us: Math.min(a.start_us, b.start_us),
    end_us: Math.max(a.end_us, b.end_us),
    count: a.count + b.count,
    ...mergedStarts(a, b),
    duration_sum_us: a.duration_sum_us + b.duration_sum_us,
    duration_min_us: Math.min(a.duration_min_us, b.duration_min_us),
    duration_max_us: Math.max(a.duration_max_us, b.duration_max_us),
    duration_sum_sq_us2: a.duration_sum_sq_us2 + b.duration_sum_sq_us2,
    ...(lateness_counts === undefined ? {} : { lateness_counts }),
    bytes: a.bytes + b.bytes,
    bus_bandwidth_log_sum: a.bus_bandwidth_log_sum + b.bus_bandwidth_log_sum,
    bus_bandwidth_count: a.bus_bandwidth_count + b.bus_bandwidth_count,
    sequence_first: Math.min(a.sequence_first, b.sequence_first),
    sequence_last: Math.max(a.sequence_last, b.sequence_last),
  };
}

import type { CollectiveRecord } from './collectives.ts';

/**
 * How late members came to collectives, in classes of powers of two: entry 0 counts those below 1 us behind the first
 * member, entry k those from 2^(k-1) up to, not including, 2^k us. Histograms of the same members add up entry by entry.
 */
export type LatenessCounts = readonly number[];

/** Classes that a histogram has at most: the last one holds everything from 2^38 us, three days, on. */
export const LATENESS_CLASSES_MAX = 40;

/** Every member of these needs something of every other: nobody is through before the last one came. */
export const ENDS_TOGETHER = /^(?:allreduce|allgather|allgatherv|reducescatter|alltoall|all2all)$/i;

/**
 * Microseconds that members came after the first one of their collective, where the records tell it: those of all members
 * are there, and either nobody is through before the last came, so that who waits less came later, or all started by one
 * clock. Others have no entry: unknown is not on time.
 *
 * @param records of one job, each once
 */
export function latenessOf(records: readonly CollectiveRecord[]): ReadonlyMap<CollectiveRecord, number> {
  const collectives = new Map<string, CollectiveRecord[]>();
  for (const record of records) {
    if (record.is_p2p === true || record.ranks < 2) continue;
    const key = JSON.stringify([record.communicator, record.sequence, record.operation]);
    const own = collectives.get(key);
    if (own === undefined) collectives.set(key, [record]);
    else own.push(record);
  }
  const late = new Map<CollectiveRecord, number>();
  for (const members of collectives.values()) {
    if (members.length !== members[0]?.ranks) continue;
    const came_us = cameAt(members);
    if (came_us === undefined) continue;
    const first_us = came_us.reduce((least, us) => Math.min(least, us), Number.POSITIVE_INFINITY);
    for (const [index, member] of members.entries()) {
      late.set(member, Math.max(0, (came_us[index] ?? first_us) - first_us));
    }
  }
  return late;
}

/** When each member came, on one clock whatever its zero; undefined where nothing tells. */
function cameAt(members: readonly CollectiveRecord[]): number[] | undefined {
  const [first] = members;
  const hasOneClock = first?.node !== null && members.every(({ node }) => node === first?.node);
  const starts = members.flatMap(({ start_us }) => start_us ?? []);
  if (hasOneClock && starts.length === members.length) return starts;
  if (first === undefined || !ENDS_TOGETHER.test(first.operation)) return undefined;
  return members.map(({ duration_us }) => -duration_us);
}

/** The histogram of one collective. */
export function latenessCounts(late_us: number): LatenessCounts {
  const place = late_us < 1 ? 0 : Math.min(LATENESS_CLASSES_MAX - 1, Math.floor(Math.log2(late_us)) + 1);
  return Array.from({ length: place + 1 }, (_, index) => (index === place ? 1 : 0));
}

/** Two histograms as one; undefined is none. */
export function addedLateness(
  a: LatenessCounts | undefined,
  b: LatenessCounts | undefined,
): LatenessCounts | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Array.from(
    { length: Math.max(a.length, b.length) },
    (_, index) => (a[index] ?? 0) + (b[index] ?? 0),
  );
}

export function latenessTotal(counts: LatenessCounts | undefined): number {
  return (counts ?? []).reduce((sum, count) => sum + count, 0);
}

/** What a share of the collectives stayed below, seconds: the upper end of its class; null of none, and of the last class. */
export function latenessBelow(counts: LatenessCounts, share: number): number | null {
  const wanted = Math.ceil(latenessTotal(counts) * share);
  if (wanted === 0) return null;
  let seen = 0;
  for (const [index, count] of counts.entries()) {
    seen += count;
    if (seen >= wanted) return index === LATENESS_CLASSES_MAX - 1 ? null : 2 ** index / 1e6;
  }
  return null;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLLECTIVE_WINDOW_US, mergedWindow, windowsOf } from '../../../../domain/collective-windows.ts';
import { busFactor, type CollectiveRecord } from '../../../../domain/collectives.ts';
import { canonicalEventLine, readEventLine } from '../../../../domain/event-reader.ts';
import { collectivesOf } from '../../../../domain/report/collectives.ts';
import { LATE_LIMITS } from '../../../../domain/report/late-members.ts';

function record(rank: number, sequence: number, duration_us: number, more: Partial<CollectiveRecord> = {}) {
  return {
    communicator: 'c',
    rank,
    ranks: 4,
    node: `n${rank}`,
    operation: 'AllReduce',
    sequence,
    bytes: 1024,
    duration_us,
    time_us: 1_750_000_000_000_000 + sequence,
    ...more,
  };
}

/** The pair of durations is NVRx's example of a slow arrival: 256 us on the late side against 3,369 us. */
const run = (ranks: readonly number[]) =>
  Array.from({ length: 6 }, (_, sequence) =>
    ranks.map((rank) => record(rank, sequence, rank === 3 ? 256 : 3369)),
  ).flat();
/** Six collectives 2 ms apart, of which every member tells when it came and how long it took. */
function withStarts(
  ranks: readonly number[],
  more: Partial<CollectiveRecord>,
  told: (rank: number) => { came_us: number; duration_us: number; node?: string },
): CollectiveRecord[] {
  return Array.from({ length: 6 }, (_, sequence) =>
    ranks.map((rank) => {
      const { came_us, duration_us, ...where } = told(rank);
      const start_us = 1_750_000_001_000_000 + sequence * 2000 + came_us;
      return { ...record(rank, sequence, duration_us, more), start_us, ...where };
    }),
  ).flat();
}

const rowsOf = (records: readonly CollectiveRecord[]) => collectivesOf(windowsOf('j', records).windows).rows;

describe('collectives', () => {
  it('take the member of the shortest duration for the late one', () => {
    expect(rowsOf(run([0, 1, 2, 3]))).toMatchObject([
      { count: 24, compared: 6, late_group_rank: 3, late_node: 'n3', late_share_ratio: 1, reason: null },
    ]);
    expect(rowsOf(run([0, 1, 2, 3]))[0]?.waited_s).toBeCloseTo(3113e-6, 12);
  });

  it('decide nothing of an incomplete set, of few, and of equal durations', () => {
    expect(rowsOf(run([0, 1, 3]))[0]).toMatchObject({ ranks_seen: 3, compared: 0, late_group_rank: null });
    const few = run([0, 1, 2, 3]).filter(({ sequence }) => sequence < 2);
    expect(rowsOf(few)[0]).toMatchObject({ late_group_rank: null });
    expect(rowsOf(few)[0]?.reason).toContain('2 collectives');
    const equal = run([0, 1, 2, 3]).map((one) => ({ ...one, duration_us: 300 }));
    expect(rowsOf(equal)[0]?.reason).toContain('about the same');
  });

  it('take the member that started last where starts were told, also where its duration is not the shortest', () => {
    // a broadcast: the root is through as soon as its data has left, and waits for nobody
    const rows = rowsOf(
      withStarts([0, 1, 2, 3], { node: 'n0', operation: 'Broadcast' }, (rank) =>
        rank === 0 ? { came_us: 0, duration_us: 50 } : { came_us: rank === 2 ? 900 : 10, duration_us: 1000 },
      ),
    );
    expect(rows).toMatchObject([
      { compared: 6, late_group_rank: 2, late_by: 'start', late_share_ratio: 1, reason: null },
    ]);
    // the usual one of the three others came at 10
    expect(rows[0]?.waited_s).toBeCloseTo(890e-6, 12);
  });

  it('take clocks of machines as one by when the collective ended on them', () => {
    // the clock of n1 is a second ahead; its member 3 comes 400 us after the others, and all are through at 1500
    const told = withStarts([0, 1, 2, 3], {}, (rank) => {
      const came_us = rank === 3 ? 400 : 0;
      const ahead_us = rank >= 2 ? 1e6 : 0;
      return { came_us: came_us + ahead_us, duration_us: 1500 - came_us, node: rank >= 2 ? 'n1' : 'n0' };
    });
    const [row] = rowsOf(told);
    expect(row).toMatchObject({ late_group_rank: 3, late_by: 'start', late_node: 'n1' });
    expect(row?.waited_s).toBeCloseTo(400e-6, 9);
    const broadcast = told.map((one) => ({ ...one, operation: 'Broadcast' }));
    expect(rowsOf(broadcast)[0]).toMatchObject({ late_group_rank: 3, late_by: 'duration' });
  });

  it('compare starts of the very same collectives only', () => {
    const told = withStarts([0, 1, 2, 3], { node: 'n0' }, (rank) => ({
      came_us: rank === 3 ? 400 : 0,
      duration_us: 1500 - (rank === 3 ? 400 : 0),
    }));
    const without = told.filter(({ rank, sequence }) => rank !== 1 || sequence !== 0);
    const lenient = { ...LATE_LIMITS, count_ratio_min: 0.5 };
    const judged = (records: readonly CollectiveRecord[]) =>
      collectivesOf(windowsOf('j', records).windows, { limits: lenient }).rows[0];
    expect(judged(told)).toMatchObject({ late_by: 'start' });
    expect(judged(without)).toMatchObject({ late_group_rank: 3, late_by: 'duration' });
  });

  it('name the rank of the job where a communicator holds all of them, by process in the others', () => {
    const pid = (rank: number) => ({ pid: 100 + rank, node: 'n0' });
    const whole = [0, 1, 2, 3].map((rank) => record(rank, 1, 300, pid(rank)));
    // members 0 and 1 of a pair are the ranks 1 and 3
    const pair = run([0, 3]).map((one) => {
      const member = one.rank === 3 ? 1 : 0;
      return { ...one, ...pid(member === 1 ? 3 : 1), communicator: 'pair', rank: member, ranks: 2 };
    });
    const { windows } = windowsOf('j', [...whole, ...pair]);
    const late = (ranks: number | undefined, told = windows) =>
      collectivesOf(told, { ranks }).rows.find(({ communicator }) => communicator === 'pair');
    expect(late(4)).toMatchObject({ late_group_rank: 1, late_rank: 3 });
    expect(late(undefined)).toMatchObject({ late_group_rank: 1, late_rank: null });
    expect(late(8)).toMatchObject({ late_group_rank: 1, late_rank: null });
    expect(rowsOf(run([0, 1, 2, 3]))[0]).toMatchObject({ late_group_rank: 3, late_rank: null });
    expect(collectivesOf(windowsOf('j', run([0, 1, 2, 3])).windows, { ranks: 4 }).rows[0]?.late_rank).toBe(3);
  });

  it('are not averaged across sizes, operations and communicators', () => {
    const rows = rowsOf([
      record(0, 1, 100),
      record(0, 2, 100, { bytes: 2048 }),
      record(0, 3, 100, { operation: 'Broadcast' }),
      record(0, 1, 100, { communicator: 'd' }),
    ]);
    expect(rows.map(({ count }) => count)).toEqual([1, 1, 1, 1]);
  });

  it('count the numbers that were never told, over all operations, and a record once', () => {
    const records = [record(0, 10, 5), record(0, 11, 5, { operation: 'AllGather' }), record(0, 14, 5)];
    const { windows, duplicates } = windowsOf('j', [...records, record(0, 10, 5)]);
    expect(duplicates).toBe(1);
    expect(collectivesOf(windows).missing_records).toBe(2);
  });

  it('have the factors of nccl-tests', () => {
    expect(busFactor('AllReduce', 8)).toEqual({ factor: 1.75, isPerRank: false });
    expect(busFactor('All2All', 16)).toEqual({ factor: 0.9375, isPerRank: true });
    expect(busFactor('Broadcast', 8)?.factor).toBe(1);
    expect(busFactor('AllGatherV', 8)).toBeNull();
    expect(rowsOf([record(0, 1, 5, { ranks: 1 })])[0]?.bus_bandwidth_bytes_per_s).toBeNull();
  });
});

describe('windows of collectives', () => {
  it('are valid events, on the grid of the epoch', () => {
    const started = withStarts([0, 1], { node: 'n0', pid: 7 }, () => ({ came_us: 5, duration_us: 9 }));
    for (const window of windowsOf('j', [...run([2, 3]), ...started]).windows) {
      expect(window.start_us % COLLECTIVE_WINDOW_US).toBe(0);
      expect(readEventLine(canonicalEventLine(window))).toEqual({ ok: true, event: window });
    }
  });

  it('read twice are taken once, read in parts are added', () => {
    const told = (from: number, to: number) =>
      windowsOf(
        'j',
        run([0]).filter(({ sequence }) => sequence >= from && sequence < to),
      ).windows;
    const counts = (...parts: ReturnType<typeof told>[]) => collectivesOf(parts.flat()).rows[0]?.count;
    expect(counts(told(0, 3), told(3, 6))).toBe(6);
    expect(counts(told(0, 3), told(0, 6), told(0, 6))).toBe(6);
  });

  it('merge to the same, in whatever order and parts the records came', () => {
    const one = fc.record({
      sequence: fc.integer({ min: 0, max: 1e6 }),
      duration_us: fc.integer({ min: 1, max: 1e6 }),
      bytes: fc.integer({ min: 1024, max: 2047 }),
      start: fc.option(fc.integer({ min: 0, max: 8e6 }), { nil: undefined }),
    });
    const whole = fc.uniqueArray(one, { minLength: 1, maxLength: 20, selector: ({ sequence }) => sequence });
    fc.assert(
      fc.property(whole, fc.nat(), (rows, seed) => {
        const records = rows.map(({ sequence, duration_us, bytes, start }) =>
          record(0, sequence, duration_us, {
            bytes,
            time_us: 5,
            ...(start === undefined ? {} : { start_us: start }),
          }),
        );
        const cut = seed % (records.length + 1);
        const parts = [records.slice(cut).reverse(), records.slice(0, cut)].flatMap(
          (part) => windowsOf('j', part).windows,
        );
        const [first, second] = parts;
        if (first === undefined) throw new Error('no window');
        const merged = second === undefined ? first : mergedWindow(first, second);
        const { bus_bandwidth_log_sum, ...exact } = merged;
        const { bus_bandwidth_log_sum: want, ...wanted } = windowsOf('j', records).windows[0] ?? merged;
        expect(exact).toEqual(wanted);
        expect(bus_bandwidth_log_sum).toBeCloseTo(want, 6);
      }),
    );
  });
});

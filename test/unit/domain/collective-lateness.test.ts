import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LATENESS_CLASSES_MAX, latenessBelow, latenessCounts } from '../../../domain/collective-lateness.ts';
import { mergedWindow, windowsOf } from '../../../domain/collective-windows.ts';
import type { CollectiveRecord } from '../../../domain/collectives.ts';
import { readEventLine } from '../../../domain/event-reader.ts';
import { collectivesOf } from '../../../domain/report/collectives.ts';

/** Four members on nodes of their own: the last one keeps the others waiting for `late_us`. */
function collective(
  sequence: number,
  late_us: number,
  more: Partial<CollectiveRecord> = {},
): CollectiveRecord[] {
  return [0, 1, 2, 3].map((rank) => ({
    communicator: 'c',
    rank,
    ranks: 4,
    node: `n${rank}`,
    operation: 'AllReduce',
    sequence,
    bytes: 1 << 20,
    duration_us: rank === 3 ? 250 : 250 + late_us,
    time_us: 1_750_000_000_000_000 + sequence,
    ...more,
  }));
}

const windowOf = (records: readonly CollectiveRecord[], rank: number) =>
  windowsOf('j', records).windows.find(({ group_rank }) => group_rank === rank);

describe('lateness of collectives', () => {
  it('is counted in powers of two behind the first member, by who waited for how long', () => {
    const records = [collective(0, 0), collective(1, 3), collective(2, 100), collective(3, 127)].flat();
    expect(windowOf(records, 3)?.lateness_counts).toEqual([1, 0, 1, 0, 0, 0, 0, 2]);
    expect(windowOf(records, 0)?.lateness_counts).toEqual([4]);
    const [row] = collectivesOf(windowsOf('j', records).windows).rows;
    expect(row?.lateness).toEqual({
      count: 16,
      counts: [13, 0, 1, 0, 0, 0, 0, 2],
      p50_below_s: 1e-6,
      p90_below_s: 128e-6,
      p99_below_s: 128e-6,
    });
  });

  it('is by starts where all are on one clock, also of operations that do not end together', () => {
    const records = collective(0, 0, { node: 'n', operation: 'Broadcast' }).map((record) => ({
      ...record,
      start_us: 1_750_000_000_000_000 + record.rank * 10,
    }));
    expect([0, 1, 2, 3].map((rank) => windowOf(records, rank)?.lateness_counts?.length)).toEqual([
      1, 5, 6, 6,
    ]);
  });

  it('is not known without all members, across clocks of a broadcast, and between two members', () => {
    expect(windowOf(collective(0, 9).slice(1), 3)?.lateness_counts).toBeUndefined();
    expect(windowOf(collective(0, 9, { operation: 'Broadcast' }), 3)?.lateness_counts).toBeUndefined();
    expect(windowOf(collective(0, 9, { is_p2p: true }), 3)?.lateness_counts).toBeUndefined();
    const [row] = collectivesOf(windowsOf('j', collective(0, 9).slice(1)).windows).rows;
    expect(row?.lateness).toBeNull();
  });

  it('stands beside sums that merge exactly, and goes before the same window without it', () => {
    const late = fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(late, fc.nat(), (times, cut) => {
        const told = times.map((late_us, sequence) => collective(sequence, late_us));
        const at = 1 + (cut % (times.length - 1));
        const whole = windowOf(told.flat(), 3);
        const parts = [windowOf(told.slice(0, at).flat(), 3), windowOf(told.slice(at).flat(), 3)] as const;
        if (parts[0] === undefined || parts[1] === undefined) throw new Error('no window');
        expect(mergedWindow(parts[0], parts[1]).lateness_counts).toEqual(whole?.lateness_counts);
      }),
    );
    const records = [0, 1, 2].flatMap((sequence) => collective(sequence, 40));
    const alone = windowsOf(
      'j',
      records.filter(({ rank }) => rank === 3),
    ).windows;
    const [row] = collectivesOf([...alone, ...windowsOf('j', records).windows]).rows;
    expect(row).toMatchObject({ count: 12, lateness: { count: 12 } });
  });

  it('is refused where it is no list of counts', () => {
    const [window] = windowsOf('j', collective(0, 5)).windows;
    const read = (lateness_counts: unknown) => readEventLine(JSON.stringify({ ...window, lateness_counts }));
    expect(read([1, 0, 2])).toMatchObject({ ok: true });
    expect(read([1, -1])).toMatchObject({ ok: false });
    expect(read('1')).toMatchObject({ ok: false, code: 'wrong_type' });
    expect(read(Array(LATENESS_CLASSES_MAX + 1).fill(0))).toMatchObject({ ok: false, code: 'too_many' });
  });

  it('has a last class that is open', () => {
    expect(latenessCounts(2 ** 60)).toHaveLength(LATENESS_CLASSES_MAX);
    expect(latenessBelow(latenessCounts(2 ** 60), 0.5)).toBeNull();
    expect(latenessBelow([], 0.5)).toBeNull();
  });
});

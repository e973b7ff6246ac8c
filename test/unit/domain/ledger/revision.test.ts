import { describe, expect, it } from 'vitest';
import type { Segment } from '../../../../domain/ledger/ledger-shape.ts';
import { type Publication, revisionOf } from '../../../../domain/ledger/revision.ts';

const S = 1e6;
const piece = (
  from: number,
  to: number,
  bucket: Segment['bucket'],
  more: Partial<Segment> = {},
): Segment => ({
  from_us: from * S,
  to_us: to * S,
  bucket,
  attempt: 1,
  step: undefined,
  name: undefined,
  cause: undefined,
  devices: 8,
  stepping: undefined,
  ...more,
});
const published = (segments: Segment[], settled: number, open_attempt: number | null = 1): Publication => ({
  segments,
  until_us: segments.at(-1)?.to_us ?? 0,
  settled_us: settled * S,
  open_attempt,
});

describe('a revision', () => {
  it('is no growth of the live end, and no open step that became something', () => {
    const before = published(
      [piece(0, 10, 'startup'), piece(10, 30, 'productive'), piece(30, 35, 'in_flight')],
      30,
    );
    const after = [piece(0, 10, 'startup'), piece(10, 40, 'productive'), piece(40, 50, 'in_flight')];
    expect(revisionOf(before, after)).toBeUndefined();
    const saved = [piece(0, 10, 'startup'), piece(10, 31, 'productive'), piece(31, 50, 'ckpt_save')];
    expect(revisionOf(before, saved)).toBeUndefined();
  });

  it('is no startup that a span explains once it is told, but is one when the first step was made long ago', () => {
    const explained = [piece(0, 5, 'startup'), piece(5, 20, 'init')];
    expect(revisionOf(published([piece(0, 12, 'startup')], 0), explained)).toBeUndefined();
    const settled = published([piece(0, 12, 'startup'), piece(12, 30, 'productive')], 30);
    const late = [piece(0, 5, 'startup'), piece(5, 12, 'init'), piece(12, 30, 'productive')];
    expect(revisionOf(settled, late)).toEqual({
      reason: 'late_events',
      from_us: 5 * S,
      to_us: 12 * S,
      moved_s: { 'startup>init': 7 },
    });
  });

  it('is a rollback with the seconds it cost', () => {
    const before = published([piece(0, 100, 'productive')], 100);
    const after = [piece(0, 60, 'productive'), piece(60, 100, 'lost_work', { cause: 'xid:79' })];
    expect(revisionOf(before, after)).toEqual({
      reason: 'rollback',
      from_us: 60 * S,
      to_us: 100 * S,
      moved_s: { 'productive>lost_work': 40 },
    });
  });

  it('is a hang that ended, since its last progress', () => {
    const before = published([piece(0, 100, 'productive'), piece(100, 900, 'hang')], 100);
    const after = [piece(0, 100, 'productive'), piece(100, 950, 'lost_work', { cause: 'hang' })];
    expect(revisionOf(before, after)).toMatchObject({
      reason: 'stall_resolved',
      from_us: 100 * S,
      to_us: 900 * S,
      moved_s: { 'hang>lost_work': 800 },
    });
    expect(revisionOf(before, [piece(0, 100, 'productive'), piece(100, 950, 'hang')])).toBeUndefined();
  });

  it('is no cut of the down time while the job is down, and is one afterwards', () => {
    const down = [piece(0, 50, 'productive'), piece(50, 80, 'down', { attempt: undefined })];
    const cut = [
      piece(0, 50, 'productive'),
      piece(50, 60, 'down_detect', { attempt: undefined }),
      piece(60, 90, 'down', { attempt: undefined }),
    ];
    expect(revisionOf(published(down, 50, null), cut)).toBeUndefined();
    const up = published([...down, piece(80, 95, 'productive', { attempt: 2 })], 95, 2);
    const late = [...cut.slice(0, 2), piece(60, 80, 'down', { attempt: undefined })];
    expect(revisionOf(up, [...late, piece(80, 95, 'productive', { attempt: 2 })])?.reason).toBe(
      'late_events',
    );
  });

  it('leaves the first step of a running attempt to settle, not that of one that is over', () => {
    const before = [piece(0, 4, 'program_startup'), piece(4, 20, 'productive')];
    const after = [piece(0, 5, 'program_startup'), piece(5, 20, 'productive')];
    expect(revisionOf(published(before, 20), after)).toBeUndefined();
    expect(revisionOf(published(before, 20, null), after)?.moved_s).toEqual({
      'productive>program_startup': 1,
    });
  });

  it('names a cause and devices that became known later', () => {
    const before = published([piece(0, 20, 'productive'), piece(20, 40, 'lost_work')], 40);
    const cause = [piece(0, 20, 'productive'), piece(20, 40, 'lost_work', { cause: 'xid:79' })];
    expect(revisionOf(before, cause)).toMatchObject({ reason: 'cause', moved_s: {} });
    const devices = [piece(0, 20, 'productive', { devices: 16 }), piece(20, 40, 'lost_work')];
    expect(revisionOf(before, devices)).toMatchObject({ reason: 'devices', to_us: 20 * S });
  });
});

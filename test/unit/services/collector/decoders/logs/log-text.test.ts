import { describe, expect, it } from 'vitest';
import { failureIn } from '../../../../../../services/collector/decoders/logs/failure-lines.ts';
import {
  cleanLines,
  excerpt,
  numberFrom,
} from '../../../../../../services/collector/decoders/logs/log-text.ts';
import { createZone, timeIn } from '../../../../../../services/collector/decoders/logs/log-time.ts';
import { WorldSize } from '../../../../../../services/collector/decoders/logs/world-size.ts';

const iso = (us: number | undefined) => (us === undefined ? undefined : new Date(us / 1000).toISOString());
const utc = (us: number) => us;

describe('a cleaned line', () => {
  it.each([
    ['[rank3]:[titan] text', 3, '[titan] text'],
    ['[rank0]:[rank0]:[W327 1] text', 0, '[W327 1] text'],
    [' [default7]: iteration', undefined, 'iteration'],
    ['12: text', undefined, 'text'],
    ['[34mblue[39m [m] [2] text', undefined, 'blue [m] [2] text'],
  ])('%s', (raw, rank, text) => {
    expect(cleanLines(raw, 1)).toMatchObject([{ text, rank, number: 1 }]);
  });

  it('is each of the segments that a progress bar wrote over each other', () => {
    expect(cleanLines('a\rb\r', 4).map(({ text }) => text)).toEqual(['a', 'b']);
    expect(cleanLines('\r', 4)).toEqual([]);
  });
});

describe('numbers as trainers print them', () => {
  it.each([
    ['21,337', 21_337],
    ['34.26%', 34.26],
    ['1.249e+03', 1249],
    ['46.6K', 46_600],
    ['-1.0', -1],
    ['.5', 0.5],
    ['N/A', undefined],
    ['nan', undefined],
    ['', undefined],
    ['1.2.3', undefined],
    [undefined, undefined],
  ])('%s', (text, value) => {
    expect(numberFrom(text)).toBe(value);
  });
});

describe('times as trainers print them', () => {
  it.each([
    ['2025-06-25 12:55:00,591', '2025-06-25T12:55:00.591Z'],
    ['[2026-04-28 14:23:45.123456]', '2026-04-28T14:23:45.123Z'],
    ['2025-10-17T11:32:59+08:00', '2025-10-17T03:32:59.000Z'],
    ['2025-10-17T11:32:59Z', '2025-10-17T11:32:59.000Z'],
    ['2025-02-30 10:00:00', undefined],
    ['2025-02-03 25:00:00', undefined],
    ['12:55:00', undefined],
  ])('%s', (text, time) => {
    expect(iso(timeIn(text, utc))).toBe(time);
  });

  it.each([
    ['-0530', '2025-07-01T17:30:00.000Z'],
    ['Europe/Paris', '2025-07-01T10:00:00.000Z'],
    ['America/New_York', '2025-07-01T16:00:00.000Z'],
  ])('are read in the zone %s', (zone, time) => {
    expect(iso(timeIn('2025-07-01 12:00:00', createZone(zone)))).toBe(time);
  });

  it('follow daylight saving', () => {
    const paris = createZone('Europe/Paris');
    expect(iso(timeIn('2025-03-30 01:30:00', paris))).toBe('2025-03-30T00:30:00.000Z');
    expect(iso(timeIn('2025-03-30 03:30:00', paris))).toBe('2025-03-30T01:30:00.000Z');
    expect(() => createZone('Mars/Olympus')).toThrow(RangeError);
  });
});

describe('signs of a death', () => {
  it.each([
    ['torch.OutOfMemoryError: CUDA out of memory.', 'out_of_memory'],
    ['[E] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7)', 'nccl_timeout'],
    ['  what():  CUDA error: unknown error', 'cuda_error'],
    ['slurmstepd: error: *** STEP 1.0 ON n5 CANCELLED AT 2021 DUE TO TIME LIMIT ***', 'time_limit'],
    ['slurmstepd: error: *** STEP 1.0 ON n5 CANCELLED AT 2021 ***', 'cancelled'],
    ['Traceback (most recent call last):', 'process_failed'],
    ['step:  1  loss:  8.1', undefined],
    ['loading 3 files from /aborted/', undefined],
  ])('%s', (line, cause) => {
    expect(failureIn(line)?.cause).toBe(cause);
  });
});

describe('devices behind a line', () => {
  it('are in proportion to work over throughput', () => {
    const world = new WorldSize();
    const line = { step_s: 105.22, sequences: 2048, tflops: 149.02 };
    expect(world.devicesOf(line, 384)).toBeUndefined();
    expect(world.devicesOf({ step_s: 141.94, sequences: 2048, tflops: 147.29 }, 384)).toBe(288);
    expect(world.devicesOf({ step_s: 15.23, sequences: 16, tflops: 8.04 }, 384)).toBeUndefined();
    expect(world.devicesOf({ step_s: 141.94, tflops: 147.29 }, 384)).toBeUndefined();
  });
});

describe('an excerpt', () => {
  it('is cut where it is long', () => {
    expect(excerpt('abc', 3)).toBe('abc');
    expect(excerpt('abcd', 3)).toBe('abc…');
  });
});

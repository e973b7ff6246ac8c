import { describe, expect, it } from 'vitest';
import { deviceSeconds } from '../../../../domain/ledger/device-seconds.ts';
import { ledgerOf } from '../../../../domain/ledger/ledger.ts';
import type { Account, Bucket, Segment } from '../../../../domain/ledger/ledger-shape.ts';

const DAY_US = 86_400e6;
const PARTS: readonly { readonly bucket: Bucket; readonly us: number; readonly cause?: string }[] = [
  { bucket: 'productive', us: 28_000_003 },
  { bucket: 'other', us: 7019 },
  { bucket: 'productive', us: 41_999_989 },
  { bucket: 'lost_work', us: 1_170_003, cause: 'xid:79' },
  { bucket: 'ckpt_save', us: 113 },
];

/** Thirty days without a gap: a hundred and eighty thousand stretches of odd length, of a number of devices with few factors of two. */
function month(devicesAt: (index: number) => Pick<Segment, 'devices' | 'stepping'>): Segment[] {
  const segments: Segment[] = [];
  let at_us = 1_790_000_000_000_000;
  const end_us = at_us + 30 * DAY_US;
  for (let index = 0; at_us < end_us; index++) {
    const { bucket, us, cause } = PARTS[index % PARTS.length] ?? { bucket: 'other', us: 1 };
    const to_us = Math.min(at_us + us, end_us);
    const { devices, stepping } = devicesAt(index);
    const fixed = { attempt: 1, step: undefined, name: undefined };
    segments.push({ from_us: at_us, to_us, bucket, cause, devices, stepping, ...fixed });
    at_us = to_us;
  }
  return segments;
}

function accountOfSegments(segments: readonly Segment[]): Account {
  const nothing = { steps: [], incidents: [], lost_steps: 0, last_step: null, last_progress_at_us: null };
  return {
    ...{ job: 'j', state: 'running', attempts: [], newest_event_us: null, ranks_seen: 1, capacity: null },
    ...nothing,
    overlapped_s: {},
    from_us: segments[0]?.from_us ?? 0,
    to_us: segments.at(-1)?.to_us ?? 0,
    segments,
  };
}

const exact = (segments: readonly Segment[], bucket: Bucket) =>
  segments.reduce((sum, { from_us, to_us, bucket: own, devices = 0, stepping }) => {
    const wall = BigInt(to_us - from_us);
    const isStep = own === 'productive' || own === 'lost_work';
    const training = isStep ? (stepping ?? devices) : devices;
    const missing = bucket === 'elastic_slice_down' ? wall * BigInt(devices - training) : 0n;
    return sum + missing + (own === bucket ? wall * BigInt(training) : 0n);
  }, 0n);

const difference = (told: number | undefined, want: bigint) => Math.abs((told ?? 0) / Number(want) - 1);

describe('device-seconds of the largest jobs', () => {
  it('close to 1e-15, though they exceed what a number holds exactly', () => {
    const segments = month(() => ({ devices: 16_381, stepping: undefined }));
    const { device_seconds, horizon_s } = ledgerOf(accountOfSegments(segments));
    const sum = Object.values(device_seconds).reduce((total, value) => total + value, 0);
    expect(horizon_s).toBe(30 * 86_400);
    expect(sum * 1e6).toBeGreaterThan(2 ** 53);
    expect(Math.abs(sum / (16_381 * horizon_s) - 1)).toBeLessThan(1e-15);
    for (const { bucket, device_us } of deviceSeconds(segments) ?? []) {
      expect(difference(device_us, exact(segments, bucket)), bucket).toBeLessThan(1e-15);
    }
  });

  it('do so for elastic ones, whose devices come and go, in any order of the segments', () => {
    const segments = month((index) => ({
      devices: 16_381 - (index % 7),
      stepping: index % 3 === 0 ? 15_013 : undefined,
    }));
    const told = deviceSeconds(segments) ?? [];
    for (const { bucket, device_us } of told) {
      expect(difference(device_us, exact(segments, bucket)), bucket).toBeLessThan(1e-14);
    }
    expect(deviceSeconds([...segments].reverse())).toEqual(told);
  });

  it('add up over windows', () => {
    const account = accountOfSegments(month(() => ({ devices: 16_381, stepping: undefined })));
    const whole = ledgerOf(account, { windows_us: { size_us: DAY_US, count_max: 40 } });
    const sum = whole.windows.reduce(
      (total, { device_seconds: { productive = 0 } }) => total + productive,
      0,
    );
    expect(Math.abs(sum / (whole.device_seconds.productive ?? 0) - 1)).toBeLessThan(1e-14);
  });
});

import { describe, expect, it } from 'vitest';
import { DEVICE_COLUMNS } from '../../../../../domain/catalog/device-columns.ts';
import { createPageDecoder } from '../../../../../services/collector/decoders/prometheus-text.ts';
import {
  createPageNormalizer,
  type NormalizedPage,
} from '../../../../../services/collector/normalize/page-normalizer.ts';
import { LIMITS } from '../page-limits.ts';

const TARGET = { job: 'dcgm', instance: 'n1:9400' };
const GPU0 = 'gpu="0",UUID="GPU-0",Hostname="n1"';
const GPU1 = 'gpu="1",UUID="GPU-1",Hostname="n1"';

/** Pages of one target, one after another, 10 s apart, each made durable unless told otherwise. */
function createTarget() {
  const decoder = createPageDecoder(LIMITS);
  const normalizer = createPageNormalizer(TARGET, 'n1', LIMITS);
  let ts_ms = 1_700_000_000_000;
  const next = (make: () => NormalizedPage, durable: boolean) => {
    ts_ms += 10_000;
    const page = make();
    if (durable) page.confirm();
    return { ...page, rows: page.rows.map(shown) };
  };
  return {
    page: (text: string, durable = true) =>
      next(() => normalizer.page(decoder.decode(Buffer.from(text)), ts_ms), durable),
    down: () => next(() => normalizer.down(ts_ms), true),
    now_ms: () => ts_ms,
  };
}

function shown({ group, ts_ms }: NormalizedPage['rows'][number]) {
  const values = Object.fromEntries(
    DEVICE_COLUMNS.map((column, index) => [column, group.values[index] ?? Number.NaN] as const).filter(
      ([, value]) => !Number.isNaN(value),
    ),
  );
  const { device_uid } = group.identity;
  return { device_uid, labels: { ...group.labels }, ts_ms, values, rest: Object.fromEntries(group.rest) };
}

describe('pages of a target', () => {
  it('become a row for each device, in neutral units, with what has no column by name', () => {
    const target = createTarget();
    const { rows, points } = target.page(
      `DCGM_FI_DEV_GPU_UTIL{${GPU0}} 29\nDCGM_FI_DEV_GPU_UTIL{${GPU1}} 100\nDCGM_FI_DEV_NEW{${GPU0}} 1.25\n`,
    );
    expect(rows).toEqual([
      {
        device_uid: 'GPU-0',
        labels: { gpu: '0', UUID: 'GPU-0', Hostname: 'n1', ...TARGET },
        ts_ms: target.now_ms(),
        values: { utilization_ratio: 0.29 },
        rest: { DCGM_FI_DEV_NEW: 1.25 },
      },
      expect.objectContaining({ device_uid: 'GPU-1', values: { utilization_ratio: 1 } }),
    ]);
    expect(points).toEqual([]);
  });

  it('announce each series once, and again until they are durable', () => {
    const target = createTarget();
    const text = `DCGM_FI_DEV_GPU_UTIL{${GPU0}} 29\n`;
    expect(target.page(text, false).unannounced.length).toBe(1);
    const [slot] = target.page(text).unannounced;
    expect(slot).toMatchObject({ name: 'DCGM_FI_DEV_GPU_UTIL', own: 'column', scale: 100 });
    expect(target.page(text).unannounced).toEqual([]);
  });

  it('count series that the page before did not have', () => {
    const target = createTarget();
    expect(target.page('a 1\nb 1\n').series_added).toBe(2);
    expect(target.page('a 1\nb 1\nc 1\n').series_added).toBe(1);
    expect(target.page('a 1\n').series_added).toBe(0);
    expect(target.page('a 1\nb 1\n').series_added).toBe(1);
  });

  it('keep sentinels out, with the reason, and the device in', () => {
    const { rows, dropped, unannounced, samples } = createTarget().page(
      `DCGM_FI_DEV_FB_USED{${GPU0}} 9223372036854775794\nDCGM_FI_DEV_MEMORY_TEMP{${GPU0}} 0\n`,
    );
    expect(rows).toMatchObject([{ device_uid: 'GPU-0', values: {}, rest: {} }]);
    expect([...dropped]).toEqual([
      ['blank', 1],
      ['no_sensor', 1],
    ]);
    expect(unannounced).toEqual([]);
    expect(samples).toBe(2);
  });

  it('end a device that is gone with one empty row', () => {
    const target = createTarget();
    const both = `DCGM_FI_DEV_GPU_UTIL{${GPU0}} 1\nDCGM_FI_DEV_GPU_UTIL{${GPU1}} 2\n`;
    target.page(both);
    const one = `DCGM_FI_DEV_GPU_UTIL{${GPU0}} 1\n`;
    // The first time it could not be stored, so it is said again.
    expect(target.page(one, false).rows[1]).toMatchObject({ device_uid: 'GPU-1', values: {}, rest: {} });
    expect(target.page(one).rows[1]).toMatchObject({ device_uid: 'GPU-1', values: {}, rest: {} });
    expect(target.page(one).rows.length).toBe(1);
    expect(target.page(both).rows[1]).toMatchObject({ values: { utilization_ratio: 0.02 } });
  });

  it('end the old labels of a device whose pod changed', () => {
    const target = createTarget();
    const labels = (pod: string) => `DCGM_FI_DEV_GPU_UTIL{${GPU0},pod="${pod}"} 50\n`;
    target.page(labels('a'));
    const { rows, unannounced } = target.page(labels('b'));
    expect(rows.map((row) => [row.labels['pod'], row.values])).toEqual([
      ['b', { utilization_ratio: 0.5 }],
      ['a', {}],
    ]);
    expect(unannounced.length).toBe(1);
  });

  it('end everything when the target is down, once', () => {
    const target = createTarget();
    target.page(`DCGM_FI_DEV_GPU_UTIL{${GPU0}} 1\nother{a="b"} 1\n`);
    const down = target.down();
    expect(down.rows).toMatchObject([{ device_uid: 'GPU-0', values: {} }]);
    expect(down.points).toMatchObject([{ slot: { name: 'other' }, value: 'stale', ts_ms: target.now_ms() }]);
    const again = target.down();
    expect([again.rows, again.points]).toEqual([[], []]);
  });

  it('keep a fault’s own labels, and the code in the device’s row', () => {
    const { rows, points } = createTarget().page(
      `DCGM_FI_DEV_XID_ERRORS{${GPU0},err_code="79",err_msg="GPU has fallen off the bus"} 79\n`,
    );
    expect(rows).toMatchObject([{ values: { xid_last: 79 }, rest: {} }]);
    expect(rows[0]?.labels['err_code']).toBeUndefined();
    expect(points).toMatchObject([{ value: 79, slot: { name: 'DCGM_FI_DEV_XID_ERRORS' } }]);
    expect(points[0]?.slot.labels).toMatchObject({ err_code: '79', gpu: '0', instance: 'n1:9400' });
  });

  it('keep links apart from the device', () => {
    const { rows, points } = createTarget().page(
      `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL{${GPU0},nvlink="1"} 5\nDCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL{${GPU0},nvlink="2"} 6\n`,
    );
    expect(rows).toMatchObject([{ values: {} }]);
    expect(points.map(({ value }) => value)).toEqual([5, 6]);
  });

  it('let two names of one field both stand under their own', () => {
    const { rows, unannounced } = createTarget().page(
      `DCGM_FI_DEV_POWER_USAGE{${GPU0}} 100.5\nDCGM_FI_DEV_BOARD_POWER_WATTS{${GPU0}} 101\n`,
    );
    expect(rows).toMatchObject([
      { values: { power_w: 100.5 }, rest: { DCGM_FI_DEV_BOARD_POWER_WATTS: 101 } },
    ]);
    expect(unannounced.map(({ own }) => own)).toEqual(['column', 'rest']);
  });

  it('prefer the better of two sources of a column, in any order', () => {
    const gpu = 'gpu_uuid="u",gpu_id="0",hostname="n1"';
    const lines = [`gpu_average_package_power{${gpu}} 300`, `gpu_package_power{${gpu}} 310`];
    for (const order of [lines, lines.toReversed()]) {
      const { rows } = createTarget().page(`${order.join('\n')}\n`);
      expect(rows).toMatchObject([{ values: { power_w: 310 }, rest: { gpu_average_package_power: 300 } }]);
    }
  });

  it('keep the printed value of a counter that outgrows 15 digits', () => {
    const gpu = 'gpu_uuid="u",gpu_id="0",hostname="n1"';
    const { rows } = createTarget().page(`gpu_energy_consumed{${gpu}} 1234567890123456\n`);
    expect(rows).toMatchObject([
      { values: { energy_j: 1234567890.123456 }, rest: { gpu_energy_consumed: 1234567890123456 } },
    ]);
    const odd = createTarget().page(`DCGM_FI_DEV_GPU_UTIL{${GPU0}} 12.345678901234567\n`);
    expect(odd.rows).toMatchObject([{ rest: { DCGM_FI_DEV_GPU_UTIL: 12.345678901234567 } }]);
  });
});

describe('samples with times of their own', () => {
  const npu = 'npu_chip_info_power{id="0",vdie_id="d0"}';

  it('are points at those times, and the device’s row has the newest', () => {
    const target = createTarget();
    const own_ms = target.now_ms() + 9_000;
    const { rows, points } = target.page(`${npu} 70 ${own_ms}\n`);
    expect(rows).toMatchObject([{ ts_ms: own_ms, values: { power_w: 70 }, rest: {} }]);
    expect(points).toMatchObject([{ ts_ms: own_ms, value: 70 }]);
  });

  it('get no staleness marker, as in Prometheus', () => {
    const target = createTarget();
    target.page(`${npu} 70 ${target.now_ms() + 9_000}\n`);
    expect(target.page('').points).toEqual([]);
  });

  it('are refused when older than the look-back or ahead of the clock', () => {
    const target = createTarget();
    const now_ms = target.now_ms() + 10_000;
    const { rows, dropped } = target.page(
      `${npu} 70 ${now_ms - 301_000}\nnpu_b{id="0"} 1 ${now_ms + 61_000}\nnpu_c{id="0"} 1 ${now_ms - 299_000}\n`,
    );
    expect([...dropped]).toEqual([
      ['timestamp_too_old', 1],
      ['timestamp_ahead', 1],
    ]);
    expect(rows.length).toBe(1);
  });
});

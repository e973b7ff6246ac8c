import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DEVICE_COLUMNS, type DeviceColumn } from '../../domain/catalog/device-columns.ts';
import { COLLECTOR_DEFAULTS } from '../../services/collector/config.ts';
import { createPageDecoder } from '../../services/collector/decoders/prometheus-text.ts';
import { createPageNormalizer } from '../../services/collector/normalize/page-normalizer.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';

const LIMITS = COLLECTOR_DEFAULTS.scrape_limits;
const TARGET = { job: 'devices', instance: 'exporter:9400' };

/** A public page as the collector reads it; `ts_ms`: when it was scraped. */
function read(file: string, ts_ms = 1_700_000_000_000) {
  const page = createPageDecoder(LIMITS).decode(readFileSync(fixturePath(`dcgm/${file}`)));
  const normal = createPageNormalizer(TARGET, 'exporter', LIMITS).page(page, ts_ms);
  const value = (row: number, column: DeviceColumn) => {
    const found = normal.rows[row]?.group.values[DEVICE_COLUMNS.indexOf(column)] ?? Number.NaN;
    return Number.isNaN(found) ? null : found;
  };
  return { page, normal, value, devices: normal.rows.map(({ group }) => group.identity) };
}

describeWithFixtures('real pages of exporters', () => {
  it('dcgm-exporter on an L4: 23 series of one device, and no memory temperature without a sensor', () => {
    const { page, normal, value, devices } = read('01_l4_full_default_csv.prom');
    expect([page.series.length, page.bad_line_count]).toEqual([23, 0]);
    expect(devices).toMatchObject([
      {
        vendor: 'nvidia',
        node: 'i-030791dc5a37cd257',
        device_uid: 'GPU-c2f76b33-7953-256e-8f33-1343419b1a1c',
        device_index: 0,
        model: 'NVIDIA L4',
        pci: '00000000:31:00.0',
      },
    ]);
    expect([...normal.dropped]).toEqual([['no_sensor', 1]]);
    expect(normal.unannounced.map(({ name }) => name)).not.toContain('DCGM_FI_DEV_MEMORY_TEMP');
    expect(normal.unannounced.length).toBe(22);
    expect(value(0, 'memory_temperature_c')).toBeNull();
    expect(value(0, 'power_w')).toBe(16.365);
    expect(value(0, 'energy_j')).toBe(4742.776);
    expect(value(0, 'sm_clock_hz')).toBe(210e6);
    expect(value(0, 'memory_free_bytes')).toBe(22563 * 1024 * 1024);
    expect(value(0, 'pcie_tx_bytes_per_s')).toBe(112603);
    expect(value(0, 'tensor_active_ratio')).toBe(0);
    // No Xid yet: absent, not 0.
    expect(value(0, 'xid_last')).toBeNull();
    expect(normal.rows[0]?.group.rest).toEqual([['DCGM_FI_DEV_VGPU_LICENSE_STATUS', 0]]);
  });

  it('dcgm-exporter on 8 H100 with pods and without HELP lines: 30 samples, 8 devices', () => {
    const { page, normal, value, devices } = read('02_h100x8_k8s_pods_no_help_lines.prom');
    expect([page.series.length, page.bad_line_count, normal.dropped.size]).toEqual([30, 0, 0]);
    expect(devices.map(({ device_index }) => device_index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(devices.map(({ node }) => node))).toEqual(new Set(['gpu-node-1']));
    expect(value(0, 'power_w')).toBe(113.611);
    expect(value(0, 'temperature_c')).toBe(30);
    // The last family is cut after the sixth device.
    expect([value(5, 'memory_copy_ratio'), value(6, 'memory_copy_ratio')]).toEqual([0, null]);
    const labels = normal.rows.map(({ group }) => group.labels);
    expect(labels[0]).toMatchObject({
      pod: 'vllm-agg-0-vllmdecodeworker-s65j5',
      namespace: 'dynamo-workload',
    });
    // An empty label is no label, as in Prometheus.
    expect(labels[0]).not.toHaveProperty('pod_uid');
    expect(labels[1]).not.toHaveProperty('pod');
  });

  it('AMD device-metrics-exporter in two generations of labels', () => {
    const { page, normal, value, devices } = read('05_amd_device_metrics_exporter.prom');
    expect([page.series.length, page.bad_line_count]).toEqual([7, 0]);
    expect(devices.map(({ node, device_uid, partition }) => [node, device_uid, partition])).toEqual([
      ['master-1', '17ff74b5-0000-1000-805c-37b0fbe69430', ''],
      // The id is all zeros and the partition an unsigned -1: the device is named by its place.
      ['enc1-gpuvm022', 'enc1-gpuvm022/0', ''],
      ['exporter', '6699c0a8-4200-4242-037f-f97e6cae0f09', ''],
    ]);
    expect([...normal.dropped]).toEqual([['no_sensor', 1]]);
    expect(value(0, 'temperature_c')).toBeNull();
    expect(value(1, 'utilization_ratio')).toBe(0);
    expect([value(2, 'power_w'), value(2, 'memory_total_bytes')]).toEqual([41, 68_702_000_000]);
    expect(normal.points.map(({ slot }) => slot.name)).toEqual(['gpu_nodes_total']);
  });

  it('Ascend npu-exporter with times of its own', () => {
    const { page, normal, value, devices } = read(
      '06_ascend_npu_exporter_explicit_timestamps.prom',
      1723621890000,
    );
    expect([page.series.length, page.bad_line_count, normal.dropped.size]).toEqual([11, 0, 0]);
    expect(devices.map(({ device_index }) => device_index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(devices[1]).toMatchObject({ vendor: 'ascend', model: '910A-Ascend-V1', pci: '0000:db:00.0' });
    expect(normal.rows[0]?.ts_ms).toBe(1723621883587);
    expect([value(0, 'sm_clock_hz'), value(0, 'network_rx_bytes_per_s')]).toEqual([1e9, 0]);
    const clock = normal.points.find(({ slot }) => slot.name === 'npu_chip_info_aicore_current_freq');
    expect(clock).toMatchObject({ ts_ms: 1723621883587, value: 1000 });
    const counts = normal.points.filter(({ slot }) => slot.name.startsWith('machine_'));
    expect(counts.map(({ ts_ms, value }) => [ts_ms, value])).toEqual([
      [1723621890000, 8],
      [1723621890000, 8],
    ]);
  });

  it('refuses the same page a day later: its samples are of the past', () => {
    const { normal, devices } = read('06_ascend_npu_exporter_explicit_timestamps.prom', 1723708290000);
    expect([...normal.dropped]).toEqual([['timestamp_too_old', 9]]);
    expect(devices).toEqual([]);
  });
});

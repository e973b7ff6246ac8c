import { describe, expect, it } from 'vitest';
import { deviceIdentity, nodeName } from '../../../../../services/collector/normalize/device-identity.ts';

const read = (name: string, labels: Record<string, string>) =>
  deviceIdentity(name, Object.entries(labels), 'host-7');

describe('the device of a series', () => {
  it('is named by dcgm-exporter in two generations of labels', () => {
    const old = { gpu: '3', uuid: 'GPU-1', pci_bus_id: '00000000:A8:00.0', Hostname: 'n1.example.org' };
    const link = { gpu: '3', gpu_uuid: 'GPU-1', model_name: 'H100', hostname: 'n1' };
    expect(read('DCGM_FI_DEV_GPU_TEMP', old)).toMatchObject({
      vendor: 'nvidia',
      node: 'n1',
      device_uid: 'GPU-1',
      device_index: 3,
      pci: '00000000:a8:00.0',
      partition: '',
    });
    expect(read('DCGM_FI_DEV_NVLINK_TX', link)).toMatchObject({
      node: 'n1',
      device_uid: 'GPU-1',
      model: 'H100',
    });
  });

  it('has a MIG instance as its partition', () => {
    const labels = { gpu: '0', UUID: 'GPU-1', GPU_I_PROFILE: '1g.10gb', GPU_I_ID: '7' };
    expect(read('DCGM_FI_PROF_SM_ACTIVE', labels)?.partition).toBe('1g.10gb/7');
  });

  it('falls back to node and bus, then to node and index, where the id is none', () => {
    const zero = '00000000-0000-0000-0000-000000000000';
    const amd = { gpu_uuid: zero, gpu_id: '2', hostname: 'n1', card_vendor: 'AMD' };
    expect(read('amd_gpu_gfx_activity', amd)?.device_uid).toBe('n1/2');
    const nvidia = { gpu: '2', UUID: '<<<NULL>>>', pci_bus_id: '0:1' };
    expect(read('DCGM_FI_DEV_GPU_TEMP', nvidia)?.device_uid).toBe('host-7/pci/0:1');
  });

  it('is named by AMD in two generations of labels', () => {
    expect(read('gpu_usage', { GPU_UUID: 'u' })).toMatchObject({
      vendor: 'amd',
      node: 'host-7',
      device_uid: 'u',
    });
    const whole = { gpu_uuid: 'u', gpu_id: '0', gpu_partition_id: '4294967295', hostname: 'n2' };
    expect(read('gpu_gfx_activity', whole)).toMatchObject({ node: 'n2', partition: '', device_index: 0 });
    const part = { ...whole, gpu_partition_id: '3', gpu_compute_partition_type: 'cpx' };
    expect(read('gpu_gfx_activity', part)?.partition).toBe('3');
  });

  it('is none for counts of devices and for other exporters', () => {
    expect(read('gpu_nodes_total', {})).toBeUndefined();
    expect(read('machine_npu_nums', {})).toBeUndefined();
    expect(read('node_network_up', { device: 'eth0' })).toBeUndefined();
    expect(read('DCGM_FI_DEV_NVSWITCH_TEMP', { nvswitch: '1' })).toBeUndefined();
  });

  it('is told from the labels that are the series’ own', () => {
    const base = { gpu: '0', UUID: 'GPU-1' };
    expect(read('DCGM_FI_DEV_XID_ERRORS', base)?.has_series_labels).toBe(false);
    expect(read('DCGM_FI_DEV_XID_ERRORS', { ...base, err_code: '79' })?.has_series_labels).toBe(true);
  });
});

describe('the name of a node', () => {
  it.each([
    ['gpu-1.cluster.local', 'gpu-1'],
    ['10.0.0.7', '10.0.0.7'],
    ['localhost', 'host-7'],
    ['', 'host-7'],
    [undefined, 'host-7'],
  ])('%s is %s', (label, name) => {
    expect(nodeName(label, 'host-7')).toBe(name);
  });
});

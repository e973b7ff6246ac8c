import { describe, expect, it } from 'vitest';
import { deviceField, type Vendor } from '../../../../domain/catalog/device-fields.ts';
import { absentReason } from '../../../../domain/catalog/device-sentinels.ts';

const reason = (vendor: Vendor, name: string, printed: number) =>
  absentReason(vendor, deviceField(vendor, name), printed);

describe('numbers that mean no value', () => {
  it.each([
    ['DCGM_FI_DEV_FB_USED', Number('9223372036854775794')],
    ['DCGM_FI_DEV_FB_USED', 2147483632],
    ['DCGM_FI_DEV_GPU_TEMP', 2147483635],
    ['DCGM_FI_DEV_POWER_USAGE', 140737488355328],
    ['DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', 140737488355331],
    ['DCGM_FI_DEV_OF_TOMORROW', Number('9223372036854775792')],
    ['DCGM_FI_DEV_OF_TOMORROW', 2147483634],
    ['DCGM_FI_DEV_OF_TOMORROW', 140737488355330],
  ])('%s %d is blank', (name, printed) => {
    expect(reason('nvidia', name, printed)).toBe('blank');
  });

  it.each([
    // an energy counter of 39 years at 700 W, a byte rate, a large counter of an unknown field
    ['DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 9e14],
    ['DCGM_FI_PROF_PCIE_RX_BYTES', 2147483631],
    ['DCGM_FI_PROF_NVLINK_RX_BYTES', 2147483636],
    ['DCGM_FI_PROF_SM_CYCLES_ELAPSED_TOTAL', 2 ** 53 + 2],
    ['DCGM_FI_DEV_OF_TOMORROW', 140737488355332],
    ['DCGM_FI_DEV_GPU_TEMP', 0],
    ['DCGM_FI_DEV_GPU_UTIL', 0],
  ])('%s %d is a value', (name, printed) => {
    expect(reason('nvidia', name, printed)).toBeUndefined();
  });

  it('takes a memory temperature of 0 for a missing sensor', () => {
    expect(reason('nvidia', 'DCGM_FI_DEV_MEMORY_TEMP', 0)).toBe('no_sensor');
    expect(reason('amd', 'gpu_edge_temperature', 0)).toBe('no_sensor');
  });

  it('knows the unsigned minus one of AMD in each width, and of GPU_UTIL', () => {
    expect(reason('amd', 'gpu_package_power', 4294967295)).toBe('unsigned_minus_one');
    expect(reason('amd', 'gpu_anything', Number('18446744073709551615'))).toBe('unsigned_minus_one');
    expect(reason('amd', 'gpu_gfx_activity', 65535)).toBe('unsigned_minus_one');
    expect(reason('amd', 'gpu_total_vram', 65535)).toBeUndefined();
    expect(reason('nvidia', 'DCGM_FI_DEV_GPU_UTIL', 4294967295)).toBe('unsigned_minus_one');
  });

  it('knows the failed reading of Ascend', () => {
    expect(reason('ascend', 'npu_chip_info_power', -1)).toBe('read_failed');
    expect(reason('ascend', 'npu_chip_info_temperature', -2)).toBeUndefined();
  });

  it('lets no column take what is not a number, and a field without one what was printed', () => {
    expect(reason('nvidia', 'DCGM_FI_DEV_POWER_USAGE', Number.NaN)).toBe('not_a_number');
    expect(reason('nvidia', 'DCGM_FI_DEV_OF_TOMORROW', Number.POSITIVE_INFINITY)).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEVICE_COLUMNS } from '../../../../domain/catalog/device-columns.ts';
import {
  deviceField,
  deviceFields,
  neutralValue,
  printedValue,
  scaleOf,
} from '../../../../domain/catalog/device-fields.ts';

const VENDORS = ['nvidia', 'amd', 'ascend'] as const;
const ALL = VENDORS.flatMap((vendor) => deviceFields(vendor).map((field) => ({ vendor, field })));

describe('the registry of device fields', () => {
  it('names every series once for a vendor', () => {
    for (const vendor of VENDORS) {
      const names = deviceFields(vendor).flatMap(({ names }) => names);
      expect(names.length).toBe(new Set(names).size);
    }
  });

  it('has one field that owns a column, for a vendor', () => {
    for (const vendor of VENDORS) {
      const owners = deviceFields(vendor).filter(({ own, where }) => own !== 'rest' && where === undefined);
      const columns = owners.map(({ column }) => column);
      expect(columns.length).toBe(new Set(columns).size);
    }
  });

  it('fills every column from somewhere', () => {
    const filled = new Set<string>(ALL.map(({ field }) => field.column));
    expect(DEVICE_COLUMNS.filter((column) => !filled.has(column))).toEqual([]);
  });

  it('knows DCGM fields by the names of 4.6 and by those before', () => {
    for (const [before, after, column] of [
      ['DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_BOARD_POWER_WATTS', 'power_w'],
      ['DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', 'DCGM_FI_PROF_TENSOR_UTIL_RATIO', 'tensor_active_ratio'],
      ['DCGM_FI_DEV_XID_ERRORS', 'DCGM_FI_DEV_XID_ERROR', 'xid_last'],
    ] as const) {
      expect(deviceField('nvidia', before)).toBe(deviceField('nvidia', after));
      expect(deviceField('nvidia', before)?.column).toBe(column);
    }
  });

  it('takes units from the id and not from the name', () => {
    const value = (name: string, printed: number) => {
      const field = deviceField('nvidia', name);
      return field === undefined ? undefined : neutralValue(field, printed);
    };
    expect(value('DCGM_FI_DEV_GPU_UTIL_RATIO', 29)).toBe(0.29);
    expect(value('DCGM_FI_PROF_SM_UTIL_RATIO', 0.29)).toBe(0.29);
    expect(value('DCGM_FI_DEV_FB_USED', 3)).toBe(3145728);
    expect(value('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 4742776)).toBe(4742.776);
    expect(value('DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL', 12)).toBe(12e6);
    expect(value('DCGM_FI_DEV_THERMAL_VIOLATION', 2_500_000_000)).toBe(2.5);
  });

  it('takes the prefix off AMD names', () => {
    expect(deviceField('amd', 'amd_gpu_gfx_activity')).toBe(deviceField('amd', 'gpu_gfx_activity'));
  });

  it('gives back every printed value of at most 15 digits, and six behind the point', () => {
    const printed = fc.oneof(
      fc.integer({ min: 0, max: 999_999_999_999_999 }),
      fc.integer({ min: 0, max: 999_999_999_999_999 }).map((digits) => Number((digits / 1e6).toFixed(6))),
      fc.integer({ min: 0, max: 100 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...ALL), printed, ({ field }, value) => {
        expect(printedValue(neutralValue(field, value), scaleOf(field))).toBe(value);
      }),
      { numRuns: 20_000 },
    );
  });
});

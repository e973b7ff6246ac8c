import type { DeviceField } from './device-fields.ts';

/**
 * Ascend npu-exporter (Ascend/mind-cluster, component/npu-exporter and its API document). Percentages are 0..100;
 * memory "MB" are MiB (65,536 on a 64 GiB part); link rates are MB/s. -1 says that reading failed.
 */
const PERCENT = { kind: 'gauge', holds: 'integer', over: 100 } as const;
const MIB = { kind: 'gauge', holds: 'integer', times: 1024 * 1024 } as const;
const MB_PER_S = { kind: 'gauge', holds: 'double', times: 1e6 } as const;
const GAUGE = { kind: 'gauge', holds: 'double' } as const;
const COUNTER = { kind: 'counter', holds: 'integer' } as const;
const SECOND_CHOICE = { own: 'rest' } as const;

export const ASCEND_FIELDS: readonly DeviceField[] = [
  { names: ['npu_chip_info_overall_utilization'], column: 'utilization_ratio', ...PERCENT },
  { names: ['npu_chip_info_utilization'], column: 'sm_active_ratio', ...PERCENT },
  { names: ['npu_chip_info_cube_utilization'], column: 'tensor_active_ratio', ...PERCENT },
  { names: ['npu_chip_info_vector_utilization'], column: 'vector_active_ratio', ...PERCENT },
  { names: ['npu_chip_info_hbm_bandwidth_utilization'], column: 'dram_active_ratio', ...PERCENT },
  {
    names: ['npu_chip_info_aicore_current_freq'],
    column: 'sm_clock_hz',
    kind: 'gauge',
    holds: 'integer',
    times: 1e6,
  },
  { names: ['npu_chip_info_power'], column: 'power_w', ...GAUGE },
  { names: ['npu_chip_info_temperature'], column: 'temperature_c', ...GAUGE },
  { names: ['npu_chip_info_hbm_temperature'], column: 'memory_temperature_c', ...GAUGE },
  { names: ['npu_chip_info_hbm_total_memory'], column: 'memory_total_bytes', ...MIB },
  { names: ['npu_chip_info_hbm_used_memory'], column: 'memory_used_bytes', ...MIB },
  { names: ['npu_chip_info_total_memory'], column: 'memory_total_bytes', ...MIB, ...SECOND_CHOICE },
  { names: ['npu_chip_info_used_memory'], column: 'memory_used_bytes', ...MIB, ...SECOND_CHOICE },
  {
    names: ['npu_chip_info_hbm_ecc_single_bit_error_cnt', 'hbm_ecc_single_bit_error_cnt'],
    column: 'ecc_corrected',
    ...COUNTER,
  },
  {
    names: ['npu_chip_info_hbm_ecc_double_bit_error_cnt', 'hbm_ecc_double_bit_error_cnt'],
    column: 'ecc_uncorrected',
    ...COUNTER,
  },
  { names: ['npu_chip_info_bandwidth_tx'], column: 'network_tx_bytes_per_s', ...MB_PER_S },
  { names: ['npu_chip_info_bandwidth_rx'], column: 'network_rx_bytes_per_s', ...MB_PER_S },
  { names: ['npu_chip_info_health_status'], column: 'health', kind: 'gauge', holds: 'integer' },
];

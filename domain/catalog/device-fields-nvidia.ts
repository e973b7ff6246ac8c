import type { DeviceColumn } from './device-columns.ts';
import type { DeviceField } from './device-fields.ts';

/**
 * DCGM fields by numeric id: the name of DCGM 4.6, then the name before it where it was another. Ids, names and units
 * are those of dcgmlib/dcgm_fields.h and dcgm_fields.cpp (DCGM 4.5.3 and 4.6.0). The unit comes from there and never
 * from the name or the HELP line: GPU_UTIL_RATIO (203) is still 0..100, and NVLINK_BANDWIDTH_TOTAL (449), declared a
 * counter by dcgm-exporter, is a rate in MB/s.
 */
function dcgm(id: number, names: string, column: DeviceColumn, more: Partial<DeviceField> = {}): DeviceField {
  const full = names.split(' ').map((name) => `DCGM_FI_${name}`);
  return { id, names: full, column, kind: 'gauge', holds: 'integer', ...more };
}

const DOUBLE = { holds: 'double' } as const;
const COUNTER = { kind: 'counter' } as const;
const PERCENT = { over: 100 } as const;
const MHZ = { times: 1e6 } as const;
const MIB = { times: 1024 * 1024 } as const;
const MB_PER_S = { times: 1e6 } as const;
const MILLIJOULES = { kind: 'counter', over: 1000 } as const;
/** Cumulative nanoseconds pass 15 digits after 12 days of throttling: the printed value is kept too. */
const NANOSECONDS = { kind: 'counter', over: 1e9, own: 'rest' } as const;

export const NVIDIA_FIELDS: readonly DeviceField[] = [
  dcgm(100, 'DEV_SM_CLOCK', 'sm_clock_hz', MHZ),
  dcgm(101, 'DEV_MEM_CLOCK', 'memory_clock_hz', MHZ),
  dcgm(110, 'DEV_APP_SM_CLOCK', 'sm_clock_application_hz', MHZ),
  dcgm(113, 'DEV_MAX_SM_CLOCK', 'sm_clock_max_hz', MHZ),
  dcgm(112, 'DEV_CLOCKS_EVENT_REASONS DEV_CLOCK_THROTTLE_REASONS', 'clock_event_reasons'),
  dcgm(140, 'DEV_MEMORY_TEMP_CELSIUS DEV_MEMORY_TEMP', 'memory_temperature_c', { zero_is_absent: true }),
  dcgm(150, 'DEV_GPU_TEMP_CELSIUS DEV_GPU_TEMP', 'temperature_c'),
  dcgm(153, 'DEV_GPU_TEMP_MARGIN_CELSIUS DEV_GPU_TEMP_LIMIT', 'temperature_margin_c'),
  dcgm(155, 'DEV_BOARD_POWER_WATTS DEV_POWER_USAGE', 'power_w', DOUBLE),
  dcgm(156, 'DEV_TOTAL_ENERGY_CONSUMPTION', 'energy_j', MILLIJOULES),
  dcgm(157, 'DEV_BOARD_POWER_RAW_WATTS DEV_POWER_USAGE_INSTANT', 'power_instant_w', DOUBLE),
  dcgm(164, 'DEV_BOARD_POWER_LIMIT_ENFORCED_WATTS DEV_ENFORCED_POWER_LIMIT', 'power_limit_w', DOUBLE),
  dcgm(170, 'DEV_FABRIC_MANAGER_STATUS', 'fabric_status'),
  dcgm(175, 'DEV_FABRIC_HEALTH_SUMMARY', 'fabric_health'),
  dcgm(190, 'DEV_GPU_PSTATE DEV_PSTATE', 'performance_state'),
  dcgm(202, 'DEV_PCIE_REPLAY_TOTAL DEV_PCIE_REPLAY_COUNTER', 'pcie_replays', COUNTER),
  dcgm(203, 'DEV_GPU_UTIL_RATIO DEV_GPU_UTIL', 'utilization_ratio', PERCENT),
  dcgm(204, 'DEV_MEM_COPY_UTIL', 'memory_copy_ratio', PERCENT),
  dcgm(206, 'DEV_ENC_UTIL', 'encoder_ratio', PERCENT),
  dcgm(207, 'DEV_DEC_UTIL', 'decoder_ratio', PERCENT),
  // dcgm-exporter adds err_code and err_msg to it
  dcgm(230, 'DEV_XID_ERROR DEV_XID_ERRORS', 'xid_last', { where: {} }),
  dcgm(235, 'DEV_PCIE_MAX_LINK_GEN', 'pcie_link_generation_max'),
  dcgm(236, 'DEV_PCIE_MAX_LINK_WIDTH', 'pcie_link_width_max'),
  dcgm(237, 'DEV_PCIE_LINK_GEN', 'pcie_link_generation'),
  dcgm(238, 'DEV_PCIE_LINK_WIDTH', 'pcie_link_width'),
  dcgm(240, 'DEV_POWER_VIOLATION', 'throttle_power_s', NANOSECONDS),
  dcgm(241, 'DEV_THERMAL_VIOLATION', 'throttle_thermal_s', NANOSECONDS),
  dcgm(242, 'DEV_SYNC_BOOST_VIOLATION', 'throttle_sync_boost_s', NANOSECONDS),
  dcgm(243, 'DEV_BOARD_LIMIT_VIOLATION', 'throttle_board_limit_s', NANOSECONDS),
  dcgm(244, 'DEV_LOW_UTIL_VIOLATION', 'throttle_low_utilization_s', NANOSECONDS),
  dcgm(245, 'DEV_RELIABILITY_VIOLATION', 'throttle_reliability_s', NANOSECONDS),
  dcgm(250, 'DEV_FB_TOTAL', 'memory_total_bytes', MIB),
  dcgm(251, 'DEV_FB_FREE', 'memory_free_bytes', MIB),
  dcgm(252, 'DEV_FB_USED', 'memory_used_bytes', MIB),
  dcgm(253, 'DEV_FB_RESERVED', 'memory_reserved_bytes', MIB),
  dcgm(254, 'DEV_FB_USED_RATIO DEV_FB_USED_PERCENT', 'memory_used_ratio', DOUBLE),
  dcgm(310, 'DEV_ECC_SBE_VOL_TOTAL', 'ecc_corrected', COUNTER),
  dcgm(311, 'DEV_ECC_DBE_VOL_TOTAL', 'ecc_uncorrected', COUNTER),
  dcgm(312, 'DEV_ECC_SBE_AGG_TOTAL', 'ecc_corrected_lifetime', COUNTER),
  dcgm(313, 'DEV_ECC_DBE_AGG_TOTAL', 'ecc_uncorrected_lifetime', COUNTER),
  dcgm(346, 'DEV_SRAM_EXCEEDED DEV_THRESHOLD_SRM', 'sram_threshold_exceeded'),
  dcgm(390, 'DEV_PAGE_RETIRED_SBE_TOTAL DEV_RETIRED_SBE', 'pages_retired_corrected', COUNTER),
  dcgm(391, 'DEV_PAGE_RETIRED_DBE_TOTAL DEV_RETIRED_DBE', 'pages_retired_uncorrected', COUNTER),
  dcgm(392, 'DEV_PAGE_RETIRED_PENDING DEV_RETIRED_PENDING', 'pages_retired_pending'),
  dcgm(
    393,
    'DEV_ROW_REMAP_UNCORRECTABLE_TOTAL DEV_UNCORRECTABLE_REMAPPED_ROWS',
    'row_remaps_uncorrectable',
    COUNTER,
  ),
  dcgm(
    394,
    'DEV_ROW_REMAP_CORRECTABLE_TOTAL DEV_CORRECTABLE_REMAPPED_ROWS',
    'row_remaps_correctable',
    COUNTER,
  ),
  dcgm(395, 'DEV_ROW_REMAP_FAILED DEV_ROW_REMAP_FAILURE', 'row_remap_failed'),
  dcgm(396, 'DEV_ROW_REMAP_PENDING', 'row_remap_pending'),
  dcgm(
    409,
    'DEV_NVLINK_CRC_FLIT_ERROR_TOTAL DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL',
    'nvlink_crc_flit_errors',
    COUNTER,
  ),
  dcgm(
    419,
    'DEV_NVLINK_CRC_DATA_ERROR_TOTAL DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL',
    'nvlink_crc_data_errors',
    COUNTER,
  ),
  dcgm(
    429,
    'DEV_NVLINK_REPLAY_ERROR_TOTAL DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL',
    'nvlink_replay_errors',
    COUNTER,
  ),
  dcgm(
    439,
    'DEV_NVLINK_RECOVERY_ERROR_TOTAL DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL',
    'nvlink_recovery_errors',
    COUNTER,
  ),
  dcgm(449, 'DEV_NVLINK_THROUGHPUT_TOTAL DEV_NVLINK_BANDWIDTH_TOTAL', 'nvlink_bytes_per_s', MB_PER_S),
  dcgm(
    585,
    'DEV_NVLINK_PPCNT_PHYSICAL_LINK_DOWN_TOTAL DEV_NVLINK_PPCNT_PHYSICAL_LINK_DOWN_COUNTER',
    'nvlink_link_downs',
    COUNTER,
  ),
  dcgm(1001, 'PROF_GR_ENGINE_UTIL_RATIO PROF_GR_ENGINE_ACTIVE', 'engine_active_ratio', DOUBLE),
  dcgm(1002, 'PROF_SM_UTIL_RATIO PROF_SM_ACTIVE', 'sm_active_ratio', DOUBLE),
  dcgm(1003, 'PROF_SM_OCCUPANCY_RATIO PROF_SM_OCCUPANCY', 'sm_occupancy_ratio', DOUBLE),
  dcgm(1004, 'PROF_TENSOR_UTIL_RATIO PROF_PIPE_TENSOR_ACTIVE', 'tensor_active_ratio', DOUBLE),
  dcgm(1005, 'PROF_DRAM_UTIL_RATIO PROF_DRAM_ACTIVE', 'dram_active_ratio', DOUBLE),
  dcgm(1006, 'PROF_FP64_UTIL_RATIO PROF_PIPE_FP64_ACTIVE', 'fp64_active_ratio', DOUBLE),
  dcgm(1007, 'PROF_FP32_UTIL_RATIO PROF_PIPE_FP32_ACTIVE', 'fp32_active_ratio', DOUBLE),
  dcgm(1008, 'PROF_FP16_UTIL_RATIO PROF_PIPE_FP16_ACTIVE', 'fp16_active_ratio', DOUBLE),
  dcgm(1009, 'PROF_PCIE_TX_BYTES', 'pcie_tx_bytes_per_s'),
  dcgm(1010, 'PROF_PCIE_RX_BYTES', 'pcie_rx_bytes_per_s'),
  dcgm(1011, 'PROF_NVLINK_TX_BYTES', 'nvlink_tx_bytes_per_s'),
  dcgm(1012, 'PROF_NVLINK_RX_BYTES', 'nvlink_rx_bytes_per_s'),
  dcgm(1013, 'PROF_IMMA_UTIL_RATIO PROF_PIPE_TENSOR_IMMA_ACTIVE', 'tensor_imma_active_ratio', DOUBLE),
  dcgm(1014, 'PROF_HMMA_UTIL_RATIO PROF_PIPE_TENSOR_HMMA_ACTIVE', 'tensor_hmma_active_ratio', DOUBLE),
  dcgm(1015, 'PROF_DFMA_UTIL_RATIO PROF_PIPE_TENSOR_DFMA_ACTIVE', 'tensor_dfma_active_ratio', DOUBLE),
  dcgm(1076, 'PROF_C2C_TX_ALL_BYTES', 'c2c_tx_bytes_per_s'),
  dcgm(1078, 'PROF_C2C_RX_ALL_BYTES', 'c2c_rx_bytes_per_s'),
  dcgm(1084, 'PROF_SM_CYCLES_ELAPSED_TOTAL', 'sm_cycles_elapsed', COUNTER),
  dcgm(1085, 'PROF_SM_CYCLES_ACTIVE_TOTAL', 'sm_cycles_active', COUNTER),
  dcgm(1086, 'PROF_MMA_CYCLES_ACTIVE_TOTAL', 'mma_cycles_active', COUNTER),
  dcgm(1088, 'PROF_HMMA_CYCLES_ACTIVE_TOTAL', 'hmma_cycles_active', COUNTER),
  dcgm(1089, 'PROF_IMMA_CYCLES_ACTIVE_TOTAL', 'imma_cycles_active', COUNTER),
  dcgm(1090, 'PROF_DFMA_CYCLES_ACTIVE_TOTAL', 'dfma_cycles_active', COUNTER),
  dcgm(1420, 'DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP_NS', 'throttle_sw_power_cap_s', NANOSECONDS),
  dcgm(1422, 'DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN_NS', 'throttle_sw_thermal_s', NANOSECONDS),
  dcgm(1423, 'DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN_NS', 'throttle_hw_thermal_s', NANOSECONDS),
  dcgm(1424, 'DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN_NS', 'throttle_power_brake_s', NANOSECONDS),
  dcgm(
    1501,
    'DEV_PCIE_CORRECTABLE_ERROR_TOTAL DEV_PCIE_COUNT_CORRECTABLE_ERRORS',
    'pcie_correctable_errors',
    COUNTER,
  ),
  dcgm(1507, 'DEV_MEMORY_UNREPAIRABLE DEV_MEMORY_UNREPAIRABLE_FLAG', 'memory_unrepairable'),
  dcgm(1523, 'DEV_GPU_RECOVERY_ACTION DEV_GET_GPU_RECOVERY_ACTION', 'recovery_action'),
];

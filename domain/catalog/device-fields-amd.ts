import type { DeviceField } from './device-fields.ts';

/**
 * AMD device-metrics-exporter (ROCm, v1.5.2: docs/configuration/metricslist.md) and the names of its first releases
 * (`gpu_usage`, `gpu_total_memory`). The optional `amd_` prefix is taken off before the look-up. Percentages are
 * 0..100, energy is in microjoules. VRAM "MB" of today's exporter are MiB (196,592 of an MI300X's 192 GiB); those of
 * the first releases were millions of bytes (68,702 of an MI210's 64 GiB).
 */
const PERCENT = { kind: 'gauge', holds: 'integer', over: 100 } as const;
/** From the profiler, printed with up to 17 digits. */
const PERCENT_FLOAT = { kind: 'gauge', holds: 'double', over: 100, own: 'rest' } as const;
const MIB = { kind: 'gauge', holds: 'integer', times: 1024 * 1024 } as const;
/** Exporters print 0 on parts without that sensor (edge temperature is MI2xx only, junction MI3xx only). */
const CELSIUS = { kind: 'gauge', holds: 'integer', zero_is_absent: true } as const;
const WATTS = { kind: 'gauge', holds: 'integer' } as const;
const COUNTER = { kind: 'counter', holds: 'integer' } as const;
const MHZ = { kind: 'gauge', holds: 'integer', times: 1e6, own: 'rest' } as const;
const SECOND_CHOICE = { own: 'rest' } as const;

export const AMD_FIELDS: readonly DeviceField[] = [
  { names: ['gpu_gfx_activity'], column: 'utilization_ratio', ...PERCENT },
  { names: ['gpu_usage'], column: 'utilization_ratio', ...PERCENT, ...SECOND_CHOICE },
  { names: ['gpu_umc_activity'], column: 'dram_active_ratio', ...PERCENT },
  { names: ['gpu_prof_sm_active'], column: 'sm_active_ratio', ...PERCENT_FLOAT },
  { names: ['gpu_prof_tensor_active_percent'], column: 'tensor_active_ratio', ...PERCENT_FLOAT },
  { names: ['gpu_prof_occupancy_percent'], column: 'sm_occupancy_ratio', ...PERCENT_FLOAT },
  { names: ['gpu_prof_gui_util_percent'], column: 'engine_active_ratio', ...PERCENT_FLOAT },
  {
    names: ['gpu_clock'],
    column: 'sm_clock_hz',
    ...MHZ,
    where: { clock_type: ['system', 'SYSTEM', 'GPU_CLOCK_TYPE_SYSTEM'], clock_index: ['0'] },
  },
  { names: ['gpu_package_power'], column: 'power_w', ...WATTS },
  { names: ['gpu_average_package_power'], column: 'power_w', ...WATTS, ...SECOND_CHOICE },
  { names: ['gpu_power_usage'], column: 'power_w', ...WATTS, ...SECOND_CHOICE },
  {
    // 15 digits of microjoules are used up in 15 days at 750 W
    names: ['gpu_energy_consumed'],
    column: 'energy_j',
    kind: 'counter',
    holds: 'double',
    over: 1e6,
    own: 'rest',
  },
  { names: ['gpu_junction_temperature'], column: 'temperature_c', ...CELSIUS },
  { names: ['gpu_edge_temperature'], column: 'temperature_c', ...CELSIUS, ...SECOND_CHOICE },
  { names: ['gpu_memory_temperature'], column: 'memory_temperature_c', ...CELSIUS },
  { names: ['gpu_total_vram'], column: 'memory_total_bytes', ...MIB },
  { names: ['gpu_used_vram'], column: 'memory_used_bytes', ...MIB },
  { names: ['gpu_free_vram'], column: 'memory_free_bytes', ...MIB },
  {
    names: ['gpu_total_memory'],
    column: 'memory_total_bytes',
    kind: 'gauge',
    holds: 'integer',
    times: 1e6,
    ...SECOND_CHOICE,
  },
  { names: ['gpu_ecc_correct_total'], column: 'ecc_corrected', ...COUNTER },
  { names: ['gpu_ecc_uncorrect_total'], column: 'ecc_uncorrected', ...COUNTER },
  { names: ['pcie_replay_count'], column: 'pcie_replays', ...COUNTER },
  { names: ['gpu_health'], column: 'health', kind: 'gauge', holds: 'integer' },
];

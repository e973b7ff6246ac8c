import type { SimulatorConfig } from './config.ts';
import type { DeviceModel, Reading } from './device-model.ts';

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  /** dcgm-exporter prints doubles with six decimals (`%f`) and integers bare. */
  readonly format: 'integer' | 'double';
  readonly value: (reading: Reading) => number;
}

const MEMORY_TOTAL_MIB = 81_559;
const MEMORY_RESERVED_MIB = 551;

const gauge = (name: string, help: string, value: Family['value']): Family => {
  return { name, help, type: 'gauge', format: 'integer', value };
};
const ratio = (name: string, help: string, value: Family['value']): Family => {
  return { name, help, type: 'gauge', format: 'double', value };
};
const counter = (name: string, help: string, value: Family['value']): Family => {
  return { name, help, type: 'counter', format: 'integer', value };
};

/**
 * The families of dcgm-exporter's own counter file, in its order, and two that sites often switch on (SM_ACTIVE,
 * THERMAL_VIOLATION). Names, help and types are as it prints them, also where they mislead: NVLINK_BANDWIDTH_TOTAL
 * is a rate in MB/s called a counter, and the violation is in nanoseconds.
 */
const FAMILIES: readonly Family[] = [
  gauge('DCGM_FI_DEV_SM_CLOCK', 'SM clock frequency (in MHz).', (r) => r.sm_clock_mhz),
  gauge('DCGM_FI_DEV_MEM_CLOCK', 'Memory clock frequency (in MHz).', () => 2619),
  gauge('DCGM_FI_DEV_MEMORY_TEMP', 'Memory temperature (in C).', (r) => r.memory_temperature_c),
  gauge('DCGM_FI_DEV_GPU_TEMP', 'GPU temperature (in C).', (r) => r.temperature_c),
  ratio('DCGM_FI_DEV_POWER_USAGE', 'Power draw (in W).', (r) => r.power_w),
  counter(
    'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION',
    'Total energy consumption since boot (in mJ).',
    (r) => r.energy_j * 1000,
  ),
  counter('DCGM_FI_DEV_PCIE_REPLAY_COUNTER', 'Total number of PCIe retries.', () => 0),
  gauge('DCGM_FI_DEV_GPU_UTIL', 'GPU utilization (in %).', (r) => r.busy_ratio * 100),
  gauge('DCGM_FI_DEV_MEM_COPY_UTIL', 'Memory utilization (in %).', (r) => r.copy_ratio * 100),
  gauge('DCGM_FI_DEV_ENC_UTIL', 'Encoder utilization (in %).', () => 0),
  gauge('DCGM_FI_DEV_DEC_UTIL', 'Decoder utilization (in %).', () => 0),
  counter(
    'DCGM_FI_DEV_THERMAL_VIOLATION',
    'Throttling duration due to thermal constraints (in us).',
    (r) => r.thermal_violation_ns,
  ),
  gauge(
    'DCGM_FI_DEV_FB_FREE',
    'Framebuffer memory free (in MiB).',
    (r) => MEMORY_TOTAL_MIB - MEMORY_RESERVED_MIB - r.memory_used_mib,
  ),
  gauge('DCGM_FI_DEV_FB_USED', 'Framebuffer memory used (in MiB).', (r) => r.memory_used_mib),
  gauge('DCGM_FI_DEV_FB_RESERVED', 'Framebuffer memory reserved (in MiB).', () => MEMORY_RESERVED_MIB),
  counter(
    'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS',
    'Number of remapped rows for uncorrectable errors',
    () => 0,
  ),
  counter('DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS', 'Number of remapped rows for correctable errors', () => 0),
  gauge('DCGM_FI_DEV_ROW_REMAP_FAILURE', 'Whether remapping of rows has failed', () => 0),
  counter(
    'DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL',
    'Total number of NVLink bandwidth counters for all lanes.',
    (r) => r.nvlink_bytes_s / 1e6,
  ),
  gauge('DCGM_FI_DEV_VGPU_LICENSE_STATUS', 'vGPU License status', () => 0),
  ratio(
    'DCGM_FI_PROF_GR_ENGINE_ACTIVE',
    'Ratio of time the graphics engine is active.',
    (r) => r.engine_ratio,
  ),
  ratio(
    'DCGM_FI_PROF_SM_ACTIVE',
    'The ratio of cycles an SM has at least 1 warp assigned.',
    (r) => r.sm_ratio,
  ),
  ratio(
    'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE',
    'Ratio of cycles the tensor (HMMA) pipe is active.',
    (r) => r.tensor_ratio,
  ),
  ratio(
    'DCGM_FI_PROF_DRAM_ACTIVE',
    'Ratio of cycles the device memory interface is active sending or receiving data.',
    (r) => r.dram_ratio,
  ),
  gauge(
    'DCGM_FI_PROF_PCIE_TX_BYTES',
    'The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - in bytes per second.',
    (r) => r.pcie_tx_bytes_s,
  ),
  gauge(
    'DCGM_FI_PROF_PCIE_RX_BYTES',
    'The rate of data received over the PCIe bus - including both protocol headers and data payloads - in bytes per second.',
    (r) => r.pcie_rx_bytes_s,
  ),
];

const XID_TEXT: Readonly<Record<number, string>> = { 79: 'GPU has fallen off the bus' };

/** The page that dcgm-exporter of one node would print. A device off the bus shows its last Xid and nothing else. */
export function renderDcgmPage(models: readonly DeviceModel[], config: SimulatorConfig): string {
  const lines: string[] = [];
  const readings = models.flatMap((model) => {
    const reading = model.read();
    return reading === undefined ? [] : [{ labels: labelsOf(model, config), reading }];
  });
  for (const family of FAMILIES) {
    if (readings.length === 0) break;
    lines.push(`# HELP ${family.name} ${family.help}`, `# TYPE ${family.name} ${family.type}`);
    for (const { labels, reading } of readings) {
      const value = family.value(reading);
      const text = family.format === 'integer' ? String(Math.round(value)) : value.toFixed(6);
      lines.push(`${family.name}{${labels}} ${text}`);
    }
  }
  lines.push(...xidLines(models, config));
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Absent before a device's first Xid, and never reset after it: what the real gauge does. */
function xidLines(models: readonly DeviceModel[], config: SimulatorConfig): string[] {
  const name = 'DCGM_FI_DEV_XID_ERRORS';
  const lines = models.flatMap((model) => {
    const code = model.lastXid();
    if (code === undefined) return [];
    const text = XID_TEXT[code] ?? 'Unknown Error';
    return [`${name}{${labelsOf(model, config)},err_code="${code}",err_msg="${text}"} ${code}`];
  });
  if (lines.length === 0) return [];
  return [`# HELP ${name} Value of the last XID error encountered.`, `# TYPE ${name} gauge`, ...lines];
}

function labelsOf({ device }: DeviceModel, config: SimulatorConfig): string {
  return [
    `gpu="${device.index}"`,
    `UUID="${device.uid}"`,
    `pci_bus_id="${device.pci}"`,
    `device="nvidia${device.index}"`,
    `modelName="${config.device_model}"`,
    `Hostname="${device.node}"`,
    `DCGM_FI_DRIVER_VERSION="${config.driver_version}"`,
  ].join(',');
}

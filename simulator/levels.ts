import type { Activity, Beat } from './beat.ts';

/** What an activity looks like from a device: ratios 0..1, watts, MHz, MiB, bytes per second. */
export interface Levels {
  /** What the driver calls utilisation: 1 whenever a kernel is resident, so also all through a hang. */
  readonly busy_ratio: number;
  readonly engine_ratio: number;
  readonly sm_ratio: number;
  readonly tensor_ratio: number;
  readonly dram_ratio: number;
  readonly copy_ratio: number;
  readonly power_w: number;
  readonly sm_clock_mhz: number;
  readonly memory_used_mib: number;
  readonly pcie_tx_bytes_s: number;
  readonly pcie_rx_bytes_s: number;
  readonly nvlink_bytes_s: number;
  readonly throttled: boolean;
}

const IDLE: Levels = {
  busy_ratio: 0,
  engine_ratio: 0,
  sm_ratio: 0,
  tensor_ratio: 0,
  dram_ratio: 0,
  copy_ratio: 0,
  power_w: 72,
  sm_clock_mhz: 345,
  memory_used_mib: 0,
  pcie_tx_bytes_s: 4e5,
  pcie_rx_bytes_s: 3e5,
  nvlink_bytes_s: 0,
  throttled: false,
};

/**
 * An H100 SXM in a bf16 Llama 3 8B run at 0.40 MFU. Tensor activity times clock over the clock of the data-sheet peak
 * (1,830 MHz) is 0.44: a little above the MFU, as recomputation and padding make it.
 */
const TRAINING: Levels = {
  busy_ratio: 1,
  engine_ratio: 0.985,
  sm_ratio: 0.91,
  tensor_ratio: 0.462,
  dram_ratio: 0.37,
  copy_ratio: 0.52,
  power_w: 612,
  sm_clock_mhz: 1755,
  memory_used_mib: 61_200,
  pcie_tx_bytes_s: 3.1e8,
  pcie_rx_bytes_s: 4.4e8,
  nvlink_bytes_s: 9.6e10,
  throttled: false,
};

const LEVELS: Readonly<Record<Activity, Levels>> = {
  down: IDLE,
  training: TRAINING,
  launching: {
    ...IDLE,
    busy_ratio: 0.06,
    engine_ratio: 0.04,
    power_w: 118,
    sm_clock_mhz: 1980,
    memory_used_mib: 1840,
  },
  restoring: {
    ...IDLE,
    busy_ratio: 0.11,
    engine_ratio: 0.08,
    power_w: 131,
    sm_clock_mhz: 1980,
    memory_used_mib: 30_400,
    pcie_rx_bytes_s: 9.5e9,
  },
  saving: {
    ...IDLE,
    busy_ratio: 0.38,
    engine_ratio: 0.3,
    dram_ratio: 0.05,
    power_w: 196,
    sm_clock_mhz: 1980,
    memory_used_mib: TRAINING.memory_used_mib,
    pcie_tx_bytes_s: 2.1e10,
  },
  // kernels of the collective spin: busy by the driver's measure, and nothing moves
  hanging: {
    ...IDLE,
    busy_ratio: 1,
    engine_ratio: 1,
    sm_ratio: 0.15,
    dram_ratio: 0.004,
    power_w: 137,
    sm_clock_mhz: 1980,
    memory_used_mib: TRAINING.memory_used_mib,
  },
};

/** What the devices of `node` show during a beat. A slow node makes every other one wait for it. */
export function levelsOf(beat: Pick<Beat, 'activity' | 'slowdown'>, node: string): Levels {
  const levels = LEVELS[beat.activity];
  const { slowdown } = beat;
  if (slowdown === undefined || beat.activity !== 'training') return levels;
  if (slowdown.cause === 'thermal' && slowdown.node === node) {
    // the same cycles of work at a lower clock: the ratio stays, the clock shows it
    return {
      ...levels,
      sm_clock_mhz: levels.sm_clock_mhz / slowdown.ratio,
      power_w: levels.power_w * 0.84,
      throttled: true,
    };
  }
  const share = 1 / slowdown.ratio;
  return {
    ...levels,
    tensor_ratio: levels.tensor_ratio * share,
    dram_ratio: levels.dram_ratio * share,
    copy_ratio: levels.copy_ratio * share,
    nvlink_bytes_s: levels.nvlink_bytes_s * share,
    power_w: IDLE.power_w + (levels.power_w - IDLE.power_w) * (0.25 + 0.75 * share),
  };
}

import type { Beat } from './beat.ts';
import type { SimulatedDevice } from './fleet.ts';
import { type Levels, levelsOf } from './levels.ts';
import { noise } from './random.ts';

/** What a device would answer if asked now. */
export interface Reading extends Levels {
  readonly temperature_c: number;
  readonly memory_temperature_c: number;
  /** Since the driver was loaded. */
  readonly energy_j: number;
  readonly thermal_violation_ns: number;
}

export interface DeviceModel {
  readonly device: SimulatedDevice;
  /** Lives through a stretch of time: uses energy, warms up or cools down. */
  pass(beat: Beat, from_us: number, to_us: number): void;
  /** Undefined while the device is off the bus. */
  read(): Reading | undefined;
  /** Code of the last driver error, which the driver never forgets; undefined before the first. */
  lastXid(): number | undefined;
}

const AMBIENT_C = 28;
/** Kelvin per watt and seconds: 62 C at 610 W, reached within about a minute. */
const THERMAL_RESISTANCE_K_PER_W = 0.056;
const THERMAL_TIME_CONSTANT_S = 20;
/** The exporter shows the same value for this long. */
const SAMPLE_S = 1;

/** One device: counters integrate what it does, gauges show it with a little noise that depends on the second. */
export function createDeviceModel(device: SimulatedDevice): DeviceModel {
  const individual = 1 + 0.015 * noise(`${device.uid}/power`);
  let now_us = 0;
  let levels: Levels | undefined;
  let lost = false;
  let xid: number | undefined;
  let temperature_c = AMBIENT_C + 4;
  let energy_j = 4e6 * (1.2 + noise(`${device.uid}/energy`));
  let thermal_violation_ns = 0;
  return {
    device,
    pass(beat, from_us, to_us) {
      const passed_s = (to_us - from_us) / 1e6;
      levels = levelsOf(beat, device.node);
      lost = beat.lost === device;
      if (beat.xid?.device === device) xid = beat.xid.code;
      const power_w = levels.power_w * individual;
      const target_c = AMBIENT_C + power_w * THERMAL_RESISTANCE_K_PER_W + (levels.throttled ? 18 : 0);
      temperature_c = target_c + (temperature_c - target_c) * Math.exp(-passed_s / THERMAL_TIME_CONSTANT_S);
      energy_j += power_w * passed_s;
      if (levels.throttled) thermal_violation_ns += Math.round(passed_s * 1e9);
      now_us = to_us;
    },
    read() {
      if (levels === undefined || lost) return undefined;
      const second = Math.floor(now_us / 1e6 / SAMPLE_S);
      const shown = (name: keyof Levels, share: number) =>
        1 + share * noise(`${device.uid}/${name}/${second}`);
      return {
        ...levels,
        tensor_ratio: levels.tensor_ratio * shown('tensor_ratio', 0.03),
        dram_ratio: levels.dram_ratio * shown('dram_ratio', 0.03),
        power_w: levels.power_w * individual * shown('power_w', 0.02),
        pcie_tx_bytes_s: levels.pcie_tx_bytes_s * shown('pcie_tx_bytes_s', 0.1),
        pcie_rx_bytes_s: levels.pcie_rx_bytes_s * shown('pcie_rx_bytes_s', 0.1),
        nvlink_bytes_s: levels.nvlink_bytes_s * shown('nvlink_bytes_s', 0.05),
        sm_clock_mhz: 15 * Math.round((levels.sm_clock_mhz * shown('sm_clock_mhz', 0.006)) / 15),
        temperature_c,
        memory_temperature_c: temperature_c + 7,
        energy_j,
        thermal_violation_ns,
      };
    },
    lastXid: () => xid,
  };
}

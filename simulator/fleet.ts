import type { SimulatorConfig } from './config.ts';
import { createRandom, hash } from './random.ts';

export interface SimulatedDevice {
  readonly node: string;
  /** Index on its node, as drivers count. */
  readonly index: number;
  /** `GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` */
  readonly uid: string;
  /** `00000000:1B:00.0`, as dcgm-exporter prints it. */
  readonly pci: string;
  /** Rank that runs on it. */
  readonly rank: number;
}

export interface Fleet {
  readonly nodes: readonly string[];
  readonly devices: readonly SimulatedDevice[];
}

/** Where the eight devices of an HGX H100 board sit on the PCI bus, as an owner's `nvidia-smi` shows them. */
const PCI_BUSES: readonly string[] = ['1B', '43', '52', '61', '9D', 'C3', 'D1', 'DF'];

/** The machines of a simulation; identities depend on the seed, names do not. */
export function createFleet(config: SimulatorConfig, seed: number): Fleet {
  const nodes = Array.from({ length: config.nodes }, (_, index) => `gpu-node-${index + 1}`);
  const devices = nodes.flatMap((node, nodeIndex) =>
    Array.from({ length: config.devices_per_node }, (_, index) => ({
      node,
      index,
      uid: deviceUid(`${seed}/${node}/${index}`),
      pci: `00000000:${PCI_BUSES[index] ?? (0x10 + index).toString(16).toUpperCase()}:00.0`,
      rank: nodeIndex * config.devices_per_node + index,
    })),
  );
  return { nodes, devices };
}

function deviceUid(key: string): string {
  const random = createRandom(hash(key));
  const digits = (count: number) =>
    Array.from({ length: count }, () => random.below(16).toString(16)).join('');
  return `GPU-${digits(8)}-${digits(4)}-${digits(4)}-${digits(4)}-${digits(12)}`;
}

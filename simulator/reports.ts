import type { JobEvent, NodeStateEvent, RunEvent, StepPhases } from '../domain/events.ts';
import type { Failure, Slowdown } from './beat.ts';
import type { SimulatorConfig } from './config.ts';
import type { Fleet, SimulatedDevice } from './fleet.ts';

/** What launcher, rank 0 and node agent of the simulated job say, in the words of `POST /v1/events`. */

export function jobReport(config: SimulatorConfig, fleet: Fleet, time_us: number): JobEvent {
  return {
    type: 'job',
    job: config.job,
    model: config.model,
    hardware: config.device_model,
    device_count: fleet.devices.length,
    dtype: config.dtype,
    sequence_length: config.sequence_length,
    tokens_per_step: tokensPerStep(config),
    ...(config.speed === 1 ? { global_batch_sequences: config.global_batch_sequences } : {}),
    recompute: 'selective',
    baseline: {
      devices: config.devices_per_node,
      tokens_per_s_per_device: config.baseline_tokens_per_s_per_device,
    },
    parallelism: { tp: 1, pp: 1, dp: fleet.devices.length },
    labels: { simulated: true },
    time_us,
  };
}

export function attemptReports(job: string, attempt: number, fleet: Fleet, time_us: number): RunEvent[] {
  const { nodes, devices } = fleet;
  const placements = devices.map(
    ({ rank, node, uid }): RunEvent => ({
      type: 'placement',
      job,
      attempt,
      rank,
      node,
      device: uid,
      dp: rank,
      from_us: time_us,
    }),
  );
  return [
    { type: 'attempt_start', job, attempt, time_us, device_count: devices.length, nodes },
    ...placements,
  ];
}

export function failReport(job: string, attempt: number, failure: Failure, time_us: number): RunEvent {
  const { cause, device } = failure;
  const place = device === undefined ? {} : { node: device.node, device: device.uid };
  return { type: 'fail', job, attempt, time_us, cause, ...place };
}

/** Xid 79 in the words of NVIDIA's kernel driver, as a node agent reads them from the kernel log. */
export function fellOffTheBus(device: SimulatedDevice, time_us: number): RunEvent {
  const pci = device.pci.slice(4, -2).toLowerCase();
  return {
    type: 'fault',
    time_us,
    node: device.node,
    device: device.uid,
    code: 'xid:79',
    message: `NVRM: Xid (PCI:${pci}): 79, GPU has fallen off the bus.`,
    source: 'kernel',
  };
}

export function slowNetwork(node: string, time_us: number): RunEvent {
  return {
    type: 'fault',
    time_us,
    node,
    code: 'nic:link_degraded',
    message: 'mlx5_3: link speed 100 Gb/s, expected 400 Gb/s',
    source: 'kernel',
  };
}

export function nodeState(node: string, state: NodeStateEvent['state'], time_us: number): RunEvent {
  return { type: 'node_state', node, time_us, state };
}

/** Tokens of one step over all devices; shrinks with `speed` as the step does, so that rates stay. */
export function tokensPerStep(config: SimulatorConfig): number {
  return Math.round((config.sequence_length * config.global_batch_sequences) / config.speed);
}

/** Parts that sum to the step: what a slow network adds is communication, what a hot device adds is compute. */
export function stepPhases(step_us: number, usual_us: number, slowdown: Slowdown | undefined): StepPhases {
  const excess_us = slowdown?.cause === 'network' ? step_us - usual_us : 0;
  const comm = Math.round(0.11 * usual_us) + excess_us;
  const io = Math.round(0.008 * usual_us);
  const other = Math.round(0.012 * usual_us);
  return { compute: step_us - comm - io - other, comm, comm_hidden: Math.round(0.27 * usual_us), io, other };
}

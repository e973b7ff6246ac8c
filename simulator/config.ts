/** Known kinds of life: what happens to the simulated job, and when. `docs` and `--scenario` list them. */
export const SCENARIOS = {
  xid79:
    'a device falls off the bus: the step in flight hangs, the job fails, restarts and does lost steps again',
  healthy: 'nothing happens: steps and checkpoints only',
  straggler: 'the network of one node degrades: every step takes longer for a while',
  hang: 'a collective never returns; minutes later a watchdog ends the attempt',
} as const;
export type ScenarioName = keyof typeof SCENARIOS;

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}

/** A training job of ordinary size. All durations are divided by `speed`, and so are the tokens of a step. */
export interface SimulatorConfig {
  /** Name of the simulated job. */
  readonly job: string;
  readonly model: string;
  /** What the devices call themselves in telemetry; also the job's `hardware`. */
  readonly device_model: string;
  readonly driver_version: string;
  readonly dtype: string;
  readonly nodes: number;
  readonly devices_per_node: number;
  readonly sequence_length: number;
  readonly global_batch_sequences: number;
  /**
   * Seconds of a step when all is well. The default gives 7,700 tokens/s per device, 0.40 of an H100's dense BF16 peak
   * for Llama 3 8B at 8,192 tokens (causal attention counted).
   */
  readonly step_s: number;
  /** What one node alone reached, which linearity is measured against: 0.968 of it is left on two. */
  readonly baseline_tokens_per_s_per_device: number;
  /** Standard deviation of a step's duration, as a share of it. */
  readonly step_jitter_ratio: number;
  /** Extra seconds of an attempt's first step: compilation, allocation. */
  readonly first_step_extra_s: number;
  readonly checkpoint_every_steps: number;
  /** Seconds a checkpoint stops training, and seconds it goes on being written behind it. */
  readonly checkpoint_blocking_s: number;
  readonly checkpoint_async_s: number;
  /** Phases of a launch, in order: processes and communicators, then the checkpoint read back (on a restart). */
  readonly launch_s: number;
  readonly init_s: number;
  readonly restore_s: number;
  /** History that exists when the simulation starts. */
  readonly backfill_s: number;
  /** From the start to the scenario's first trouble. */
  readonly trouble_after_s: number;
  /** A failure comes only when at least so many steps would be lost. */
  readonly minimum_rollback_steps: number;
  /** From the fault to the end of the attempt (`xid79`), and from the last progress to the watchdog (`hang`). */
  readonly fault_hang_s: number;
  readonly watchdog_s: number;
  /** The repair ladder: fail to detected, to localized, to nodes ready, to the next launch. */
  readonly detect_s: number;
  readonly localize_s: number;
  readonly wait_nodes_s: number;
  readonly relaunch_s: number;
  /** Slow episodes: of the `straggler` scenario, and the mild ones of every later life but `healthy`. */
  readonly straggler_slowdown_ratio: number;
  readonly straggler_s: number;
  readonly mild_slowdown_ratio: number;
  readonly mild_s: number;
  readonly calm_s: number;
  /** Above 1: the same story in less time. Ratios, power and rates stay; durations and tokens per step shrink. */
  readonly speed: number;
  /** Events in one send. */
  readonly batch_events: number;
  /** Seconds to the next try when a send failed. */
  readonly retry_s: number;
}

export const SIMULATOR_DEFAULTS: SimulatorConfig = {
  job: 'llama3-8b-pretrain',
  model: 'llama3-8b',
  device_model: 'NVIDIA H100 80GB HBM3',
  driver_version: '580.105.08',
  dtype: 'bf16',
  nodes: 2,
  devices_per_node: 8,
  sequence_length: 8192,
  global_batch_sequences: 32,
  step_s: 2.128,
  baseline_tokens_per_s_per_device: 7950,
  step_jitter_ratio: 0.006,
  first_step_extra_s: 4,
  checkpoint_every_steps: 25,
  checkpoint_blocking_s: 0.6,
  checkpoint_async_s: 9,
  launch_s: 2,
  init_s: 3,
  restore_s: 3,
  backfill_s: 600,
  trouble_after_s: 25,
  minimum_rollback_steps: 6,
  fault_hang_s: 10,
  watchdog_s: 90,
  detect_s: 3,
  localize_s: 2,
  wait_nodes_s: 8,
  relaunch_s: 2,
  straggler_slowdown_ratio: 1.3,
  straggler_s: 90,
  mild_slowdown_ratio: 1.12,
  mild_s: 40,
  calm_s: 200,
  speed: 1,
  batch_events: 500,
  retry_s: 1,
};

import type { JobEvent, JobScopedEvent, StepEvent } from '../../domain/events.ts';

/** A moment to begin at: 2027-01-15T08:00:00Z. */
export const START_US = 1_800_000_000_000_000;

export interface TrainingOptions {
  readonly job?: string;
  readonly attempt?: number;
  readonly start_us?: number;
  /** Number of the first step. */
  readonly first?: number;
  readonly steps?: number;
  readonly step_s?: number;
  /** From the attempt's start to its first step. */
  readonly startup_s?: number;
  readonly devices?: number;
  readonly nodes?: readonly string[];
  readonly fields?: Partial<StepEvent>;
}

/** One attempt that trains: its start and its steps, back to back. */
export function attempt(options: TrainingOptions = {}): JobScopedEvent[] {
  const { job = 'a', attempt = 1, start_us = START_US, first = 1, steps = 10 } = options;
  const { step_s = 2, startup_s = 10, devices = 8, nodes = [], fields = {} } = options;
  const events: JobScopedEvent[] = [
    { type: 'attempt_start', job, attempt, time_us: start_us, device_count: devices, nodes },
  ];
  for (let index = 0; index < steps; index++) {
    const begin_us = start_us + Math.round((startup_s + index * step_s) * 1e6);
    const end_us = begin_us + Math.round(step_s * 1e6);
    events.push({ type: 'step', job, attempt, step: first + index, start_us: begin_us, end_us, ...fields });
  }
  return events;
}

/** When the steps of such an attempt end. */
export function endOf(options: TrainingOptions = {}): number {
  const { start_us = START_US, steps = 10, step_s = 2, startup_s = 10 } = options;
  return start_us + Math.round((startup_s + steps * step_s) * 1e6);
}

/** Llama 3 8B on H100s, a million tokens a step. */
export function llamaSpec(more: Partial<JobEvent> = {}): JobEvent {
  return {
    type: 'job',
    job: 'a',
    model: 'llama3-8b',
    hardware: 'NVIDIA H100 80GB HBM3',
    device_count: 8,
    dtype: 'bf16',
    sequence_length: 8192,
    tokens_per_step: 65_536,
    time_us: START_US,
    ...more,
  };
}

import {
  type Linearity,
  type LinearityBaseline,
  type LinearityDefinition,
  type LinearityPoint,
  linearityOf,
} from '../linearity.ts';
import type { JobReport } from './report-shape.ts';

/**
 * The linearity of jobs against each other. The baseline is the one that the last report names (when its job is among
 * them, or as a stored point), else the fastest at the smallest number of devices.
 */
export function linearityOfReports(
  reports: readonly JobReport[],
  definition: LinearityDefinition,
  baseline?: LinearityBaseline,
): Linearity {
  return linearityOf(reports.map(pointOf), baseline, definition);
}

function pointOf({
  job,
  devices,
  tokens_per_s_per_device,
  step_s,
  spec,
  ledger,
  state,
}: JobReport): LinearityPoint {
  return {
    job,
    devices,
    tokens_per_s_per_device,
    step_s: step_s.median,
    model: spec.model,
    sequence_length: spec.sequence_length ?? null,
    batch_per_device: spec.batch_sequences_per_device,
    hardware: spec.hardware,
    dtype: spec.dtype ?? null,
    // an open run has not reached its target
    time_to_train_s: state === 'ended' && ledger.horizon_s > 0 ? ledger.horizon_s : null,
  };
}

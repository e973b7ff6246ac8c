import {
  type Linearity,
  type LinearityBaseline,
  type LinearityDefinition,
  type LinearityPoint,
  linearityOf,
} from '../linearity.ts';
import type { JobReport } from './report-shape.ts';

/**
 * The linearity of jobs against each other. The baseline is the one given, else the one that a job's specification
 * names (a stored point, or a job among them), else the fastest at the smallest number of devices.
 */
export function linearityOfReports(
  reports: readonly JobReport[],
  definition: LinearityDefinition,
  baseline?: LinearityBaseline,
): Linearity {
  return linearityOf(reports.map(pointOf), baseline ?? specifiedBaseline(reports), definition);
}

function specifiedBaseline(reports: readonly JobReport[]): LinearityBaseline | undefined {
  return reports.findLast(({ spec: { baseline } }) => {
    if (baseline === undefined) return false;
    return !('job' in baseline) || reports.some(({ job }) => job === baseline.job);
  })?.spec.baseline;
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
    time_to_train_s: timeToTrain(state, ledger),
  };
}

/** From the end of initialisation to the end of the run, as MLPerf counts; an open run has not reached its target. */
function timeToTrain(
  state: JobReport['state'],
  { horizon_s, buckets_s }: JobReport['ledger'],
): number | null {
  const seconds = horizon_s - (buckets_s.init ?? 0);
  return state === 'ended' && seconds > 0 ? seconds : null;
}

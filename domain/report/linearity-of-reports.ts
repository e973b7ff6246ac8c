import {
  type Linearity,
  type LinearityBaseline,
  type LinearityDefinition,
  type LinearityPoint,
  linearityOf,
} from '../linearity.ts';
import { baselineAmong, type LearnedBaseline, pointOfBaseline } from './learned-baseline.ts';
import type { JobReport } from './report-shape.ts';

/**
 * The linearity of jobs against each other. The baseline is the one given, else the one that a job's specification
 * names (a stored point, or a job among them), else the learned one of the same specification where it is of fewer
 * devices than any of the jobs, else the fastest of them at the smallest number of devices. What was learned tells
 * rates and step times: of a target or a score it knows nothing.
 */
export function linearityOfReports(
  reports: readonly JobReport[],
  definition: LinearityDefinition,
  baseline?: LinearityBaseline,
  learned: readonly LearnedBaseline[] = [],
): Linearity {
  const points = reports.map(pointOf);
  const own = definition === 'tokens' || definition === 'step_time' ? learnedFor(points, learned) : undefined;
  return linearityOf(points, baseline ?? specifiedBaseline(reports) ?? own, definition);
}

function learnedFor(
  points: readonly LinearityPoint[],
  learned: readonly LearnedBaseline[],
): LinearityBaseline | undefined {
  const counted = points.filter(({ devices }) => devices !== null);
  const least = Math.min(...counted.map(({ devices }) => devices ?? Number.POSITIVE_INFINITY));
  const smallest = counted.find(({ devices }) => devices === least);
  if (smallest === undefined) return undefined;
  const { model, hardware, dtype, sequence_length } = smallest;
  if (model === null || hardware === null || dtype === null || sequence_length === null) return undefined;
  const found = baselineAmong(learned, { model, hardware, dtype, sequence_length });
  return found === null || found.devices >= least ? undefined : { learned: pointOfBaseline(found) };
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
  linearity_estimate_ratio,
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
    estimate_ratio: linearity_estimate_ratio,
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

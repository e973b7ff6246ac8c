import type { LedgerJson } from '../ledger/ledger-shape.ts';
import { type Checkpoints, checkpointReasons, checkpointsOf } from './checkpoints.ts';
import { type DurationSummary, durationsOf } from './durations.ts';
import type { InterruptionKind } from './incident-columns.ts';
import type { JobView } from './job-view.ts';
import type { ReportIncident } from './losses.ts';
import { type MttrSummary, mttrOf } from './mttr.ts';
import { type NodeRepairSummary, nodeRepairOf } from './node-repair.ts';
import { type Progress, progressOf } from './progress.ts';
import { type Reliability, reliabilityOf, reliabilityReasons } from './reliability.ts';
import { type Slo, sloOf } from './slo.ts';
import { type StepDeviation, stepDeviation } from './step-deviation.ts';

/** Of an interruption of each kind, from failure to the next step. */
export interface MttrReport extends MttrSummary {
  readonly by_kind: Readonly<Record<InterruptionKind, DurationSummary>>;
}

/** What a report says of failures, repairs, checkpoints and the goodput that was promised. */
export interface ReliabilitySections {
  readonly mttr: MttrReport;
  /** Repair of the job's nodes, which is not the recovery of the job. */
  readonly node_repair: NodeRepairSummary;
  /** Mean times between failures by variant, and which phase of lost time is worth attacking. */
  readonly reliability: Reliability;
  /** What saves and restores took, what is saved, and how often to save. */
  readonly checkpoints: Checkpoints;
  /** Against the goodput target of the job or the site; null where nobody set one. */
  readonly slo: Slo | null;
  /** The newest steps against those before them. */
  readonly step_deviation: StepDeviation;
  readonly progress: Progress;
}

/** @param incidents of the ledger's range, with their causes */
export function reliabilitySections(
  view: JobView,
  ledger: LedgerJson,
  incidents: readonly ReportIncident[],
): ReliabilitySections {
  const reliability = reliabilityOf(view, ledger, incidents);
  return {
    mttr: mttrReport(incidents),
    node_repair: nodeRepairOf(view.evidence.node_states, view.at_us, view.range),
    reliability,
    checkpoints: checkpointsOf(view, ledger, reliability),
    slo: sloOf(view, ledger),
    step_deviation: stepDeviation(view.measured),
    progress: progressOf(view.account),
  };
}

/** Why figures of these sections are null, by field, for `quality.reasons`. */
export function reliabilityAllReasons({
  reliability,
  checkpoints,
  slo,
  step_deviation,
}: ReliabilitySections): Record<string, string> {
  const { reason } = step_deviation;
  return {
    ...reliabilityReasons(reliability),
    ...checkpointReasons(checkpoints),
    ...(slo === null ? { slo: NO_TARGET } : {}),
    ...(reason === null ? {} : { step_deviation: reason }),
  };
}

const NO_TARGET =
  'no target: send goodput_target_ratio in a job event, or set site.goodput_target_ratio for all jobs';

/** @param incidents of the range, with their causes */
export function mttrReport(incidents: readonly ReportIncident[]): MttrReport {
  return { ...mttrOf(incidents), by_kind: byKind(incidents) };
}

function byKind(incidents: readonly ReportIncident[]): MttrReport['by_kind'] {
  const of = (wanted: InterruptionKind) =>
    durationsOf(
      incidents.flatMap(({ kind, causes, time_to_first_step_s }) =>
        kind === 'interruption' && causes.interruption === wanted ? (time_to_first_step_s ?? []) : [],
      ),
    );
  return {
    explicit: of('explicit'),
    implicit: of('implicit'),
    manual: of('manual'),
    planned: of('planned'),
  };
}

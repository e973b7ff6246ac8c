import type { CauseRow } from '../../../domain/catalog/causes.ts';
import type { DerivedMetric } from '../../../domain/catalog/derived-metrics.ts';
import type { HardwareSpec } from '../../../domain/catalog/hardware.ts';
import type { LedgerJson } from '../../../domain/ledger/ledger-shape.ts';
import type { Linearity } from '../../../domain/linearity.ts';
import type { efficiencyOf } from '../../../domain/report/efficiency.ts';
import type { Fleet } from '../../../domain/report/fleet.ts';
import type { LearnedBaseline } from '../../../domain/report/learned-baseline.ts';
import type { ReportIncident } from '../../../domain/report/losses.ts';
import type { JobReport, Quality } from '../../../domain/report/report-shape.ts';
import type { PublishedQuality } from '../published-job.ts';
import type { AlertHistoryAnswer, AlertsAnswer } from '../routes/v1-alerts.ts';
import type { FieldRow, ModelAnswer } from '../routes/v1-catalog.ts';
import type { CollectivesAnswer } from '../routes/v1-collectives.ts';
import type { IncidentAnswer } from '../routes/v1-incidents.ts';
import type { NodeAnswer } from '../routes/v1-nodes.ts';
import type { Reported, RevisionsAnswer } from '../routes/v1-revisions.ts';
import type { StepsAnswer } from '../routes/v1-steps.ts';
import type { StragglersAnswer } from '../routes/v1-stragglers.ts';
import type { StreamMessage } from '../stream.ts';
import type { RangeText } from '../time-range.ts';

/** What an answer about a job carries beside its own: the resolved range, and the inputs where they were asked for. */
export interface OfAJob {
  readonly range: RangeText;
  /** With `explain=1`: the inputs of the figures and how they are made of them. */
  readonly explain?: Readonly<Record<string, unknown>>;
}

interface Paged {
  /** `cursor` of the next page; null: this was the last. */
  readonly next: string | null;
}

export interface JobsAnswer extends Paged {
  readonly jobs: readonly {
    readonly job: string;
    readonly events: number;
    readonly first_event_at: string;
    readonly newest_event_at: string;
  }[];
}

export interface IncidentsAnswer extends Paged {
  readonly job: string;
  readonly incidents: readonly ReportIncident[];
  readonly mttr: JobReport['mttr'];
  readonly quality: Quality | PublishedQuality;
}

export interface ModelsAnswer extends Paged {
  readonly models: readonly { readonly name: string; readonly source: string | null }[];
  /** `model_type` values of a published config.json that are understood. */
  readonly model_types: readonly string[];
}

/** What a sender gets: lines are taken or refused one by one. */
export interface IngestAnswer {
  readonly accepted: number;
  readonly rejected: readonly {
    /** From 1. */
    readonly line: number;
    readonly code: string;
    readonly message: string;
  }[];
  /** How many more were refused than are named. */
  readonly rejected_not_named?: number;
}

/**
 * The answer of every operation, by its id. `npm run generate` makes the JSON Schemas of `/openapi.json` from these
 * types and their comments, so that the description cannot say anything else than the code.
 */
export interface Answers {
  readonly listJobs: JobsAnswer;
  readonly getJob: JobReport & OfAJob;
  readonly getLedger: LedgerJson &
    OfAJob & { readonly quality: Quality | PublishedQuality } & Partial<Reported>;
  readonly listRevisions: RevisionsAnswer;
  readonly getFleet: Fleet & Pick<OfAJob, 'range'>;
  readonly listSteps: StepsAnswer & OfAJob;
  readonly listIncidents: IncidentsAnswer & OfAJob;
  readonly getEfficiency: ReturnType<typeof efficiencyOf> & OfAJob;
  readonly getStragglers: StragglersAnswer & OfAJob;
  readonly getCollectives: CollectivesAnswer;
  readonly getLinearity: Linearity & OfAJob & { readonly quality: Quality };
  readonly getIncident: IncidentAnswer & Pick<OfAJob, 'explain'>;
  readonly getNode: NodeAnswer;
  readonly listHardware: Paged & { readonly hardware: readonly HardwareSpec[] };
  readonly getHardware: HardwareSpec;
  readonly listModels: ModelsAnswer;
  readonly getModel: ModelAnswer;
  readonly listMetrics: Paged & { readonly metrics: readonly DerivedMetric[] };
  readonly listCauses: Paged & { readonly causes: readonly CauseRow[] };
  readonly listBaselines: Paged & { readonly baselines: readonly LearnedBaseline[] };
  readonly listFields: Paged & { readonly fields: readonly FieldRow[] };
  readonly listAlerts: AlertsAnswer;
  readonly listAlertHistory: AlertHistoryAnswer;
  readonly stream: StreamMessage;
  readonly sendEvents: IngestAnswer;
}

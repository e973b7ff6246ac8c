import type { CollectiveRow } from '../../../domain/report/collectives.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import { addCollectiveSamples } from './collective-samples.ts';
import { addCostSamples } from './cost-samples.ts';
import type { WindowView } from './device-window.ts';
import { addEfficiencySamples, type EfficiencyOptions } from './efficiency-samples.ts';
import { addEnergySamples } from './energy-samples.ts';
import { addIncidentSamples } from './incident-samples.ts';
import { addLedgerSamples, liveLedgers } from './ledger-samples.ts';
import { type MetricSample, SampleList } from './metric-sample.ts';
import { addMismatchSamples } from './mismatch-samples.ts';
import { addOfuSamples } from './ofu-samples.ts';
import { addPhaseSamples } from './phase-samples.ts';
import { addProgressSamples } from './progress-samples.ts';
import { addRatioSamples } from './ratio-samples.ts';
import { addReliabilitySamples } from './reliability-samples.ts';
import { SeriesNames } from './series-names.ts';

export interface SampleOptions extends EfficiencyOptions {
  /** Newest revision of the job's published account; undefined when it is not known. */
  readonly revision?: number | undefined;
  /** Of the newest windows of collectives. */
  readonly collectives?: readonly CollectiveRow[] | undefined;
}

/** Every derived figure of a job as of the view's moment (`domain/catalog/derived-metrics.ts`); unknown ones are left out. */
export function samplesOf(
  view: LiveView,
  options: SampleOptions,
  devices: WindowView | null = null,
  names: SeriesNames = new SeriesNames(view.job),
): MetricSample[] {
  const list = new SampleList(names);
  addProgressSamples(list, view);
  list.add('headway_job_revision', options.revision);
  // before the first attempt there is no second to account for
  if (view.account.attempts.length > 0) {
    const ledgers = liveLedgers(view);
    addLedgerSamples(list, view, ledgers);
    addRatioSamples(list, view, ledgers);
    addReliabilitySamples(list, view, ledgers.run);
  }
  addEfficiencySamples(list, view, options);
  addPhaseSamples(list, view, options.window_steps);
  addCollectiveSamples(list, options.collectives ?? []);
  addMismatchSamples(list, view, options.window_steps);
  addOfuSamples(list, devices);
  addEnergySamples(list, devices);
  if (view.account.attempts.length > 0) addCostSamples(list, view);
  addIncidentSamples(list, view.account.incidents);
  return list.samples;
}

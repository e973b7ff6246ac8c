import type { JobView } from '../../../domain/report/job-view.ts';
import { addEfficiencySamples, type EfficiencyOptions } from './efficiency-samples.ts';
import { addIncidentSamples } from './incident-samples.ts';
import { addLedgerSamples } from './ledger-samples.ts';
import { type MetricSample, SampleList } from './metric-sample.ts';
import { addProgressSamples } from './progress-samples.ts';

/** Every derived figure of a job as of the view's moment (`domain/catalog/derived-metrics.ts`); unknown ones are left out. */
export function samplesOf(view: JobView, options: EfficiencyOptions): MetricSample[] {
  const list = new SampleList(view.job);
  addProgressSamples(list, view);
  // before the first attempt there is no second to account for
  if (view.account.attempts.length > 0) addLedgerSamples(list, view.account);
  addEfficiencySamples(list, view, options);
  addIncidentSamples(list, view.account.incidents);
  return list.samples;
}

import { MFU_CONVENTIONS } from '../../../domain/catalog/derived-metrics.ts';
import type { JobState } from '../../../domain/ledger/ledger-shape.ts';
import type { LiveOptions, LiveRates } from '../../../domain/report/live-rates.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import { efficiencyRates } from '../../../domain/report/rates.ts';
import type { SampleList } from './metric-sample.ts';

export interface EfficiencyOptions extends LiveOptions {
  /** Tokens per second per device of the baseline the job names; null when it names none, or it is not known yet. */
  readonly baseline_tokens_per_s_per_device: number | null;
}

/** A rate is of steps that are being made, or were made by a run that is over: in a stand-still there is none. */
const HAS_RATES = new Set<JobState>(['running', 'ended']);

export function addEfficiencySamples(list: SampleList, view: LiveView, options: EfficiencyOptions): void {
  if (!HAS_RATES.has(view.account.state)) return;
  const rates = view.track.rates(options);
  if (rates === null) return;
  list.add('headway_job_tokens_per_second', rates.tokens_per_s);
  for (const [stat, value] of Object.entries(rates.step_s)) {
    list.add('headway_job_step_seconds', value, { stat });
  }
  addMfu(list, view, rates);
  addLinearity(list, view, rates, options);
}

function addMfu(list: SampleList, { spec }: LiveView, rates: LiveRates): void {
  const { mfu_ratio } = efficiencyRates(rates.tokens_per_s_per_device, spec);
  for (const convention of MFU_CONVENTIONS) {
    list.add('headway_job_mfu_ratio', mfu_ratio?.[convention], { convention });
  }
  // FLOPs per token cancel out within one specification: known even where the model or the device is not
  list.add('headway_job_mfu_vs_baseline_ratio', rates.speed_vs_normal_ratio);
}

function addLinearity(
  list: SampleList,
  { track }: LiveView,
  rates: LiveRates,
  options: EfficiencyOptions,
): void {
  const baseline = options.baseline_tokens_per_s_per_device;
  const known = rates.tokens_per_s_per_device !== null && baseline !== null;
  const definition = known ? 'tokens' : 'estimate';
  const ratio =
    known && rates.tokens_per_s_per_device !== null && baseline !== null
      ? rates.tokens_per_s_per_device / baseline
      : track.scaling(options);
  if (ratio === null) return;
  list.add('headway_job_linearity_ratio', ratio, { definition });
  // against its own normal the baseline cancels out, and so does the ideal of the estimate
  list.add('headway_job_linearity_vs_baseline_ratio', rates.speed_vs_normal_ratio, { definition });
}
